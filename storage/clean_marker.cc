#include "storage/clean_marker.h"

#include <memory>

#include "common/checksum.h"
#include "storage/byte_reader.h"
#include "storage/byte_writer.h"
#include "storage/rocks_status.h"

namespace tamis::storage {
namespace {

constexpr std::string_view kMagic = "TAMISCLN";

std::string marker_path(const std::string& dir) { return dir + "/CLEAN_SHUTDOWN"; }

rocksdb::IOStatus sync_directory(rocksdb::FileSystem* file_system, const std::string& dir) {
  std::unique_ptr<rocksdb::FSDirectory> directory;
  rocksdb::IOStatus status = file_system->NewDirectory(dir, rocksdb::IOOptions(), &directory, nullptr);
  if (status.ok()) status = directory->Fsync(rocksdb::IOOptions(), nullptr);
  return status;
}

}  // namespace

Status write_clean_marker(rocksdb::FileSystem* file_system, const std::string& dir, Sequence last_sequence) {
  std::string bytes(kMagic);
  ByteWriter writer(&bytes);
  writer.put_u64(last_sequence);
  writer.put_u64(checksum64(bytes.data(), bytes.size()));
  const std::string temporary = marker_path(dir) + ".tmp";
  rocksdb::IOStatus status = rocksdb::WriteStringToFile(file_system, bytes, temporary, /*should_sync=*/true);
  if (status.ok()) status = file_system->RenameFile(temporary, marker_path(dir), rocksdb::IOOptions(), nullptr);
  if (status.ok()) status = sync_directory(file_system, dir);
  return from_rocks(status, "write the clean-shutdown marker of " + dir);
}

std::optional<Sequence> read_clean_marker(rocksdb::FileSystem* file_system, const std::string& dir) {
  std::string bytes;
  if (!rocksdb::ReadFileToString(file_system, marker_path(dir), &bytes).ok()) return std::nullopt;
  ByteReader reader(bytes);
  const bool magic_matches = reader.raw(kMagic.size()) == kMagic;
  const Sequence sequence = reader.u64();
  const std::uint64_t checksum = reader.u64();
  if (!magic_matches || !reader.finish("marker").is_ok()) return std::nullopt;
  if (checksum != checksum64(bytes.data(), bytes.size() - sizeof checksum)) return std::nullopt;
  return sequence;
}

Status remove_clean_marker(rocksdb::FileSystem* file_system, const std::string& dir) {
  rocksdb::IOStatus status = file_system->FileExists(marker_path(dir), rocksdb::IOOptions(), nullptr);
  if (status.IsNotFound()) return Status::ok();
  if (status.ok()) status = file_system->DeleteFile(marker_path(dir), rocksdb::IOOptions(), nullptr);
  if (status.ok()) status = sync_directory(file_system, dir);
  return from_rocks(status, "remove the clean-shutdown marker of " + dir);
}

}  // namespace tamis::storage
