#include "storage/marker_file.h"

#include <memory>

#include "common/checksum.h"
#include "storage/byte_reader.h"
#include "storage/byte_writer.h"

namespace tamis::storage {
namespace {

std::string path_of(const std::string& dir, const Marker& marker) { return dir + "/" + std::string(marker.file); }

}  // namespace

rocksdb::IOStatus sync_directory(rocksdb::FileSystem* file_system, const std::string& dir) {
  std::unique_ptr<rocksdb::FSDirectory> directory;
  rocksdb::IOStatus status = file_system->NewDirectory(dir, rocksdb::IOOptions(), &directory, nullptr);
  if (status.ok()) status = directory->Fsync(rocksdb::IOOptions(), nullptr);
  return status;
}

rocksdb::IOStatus write_marker(rocksdb::FileSystem* file_system, const std::string& dir, const Marker& marker,
                               std::uint64_t number) {
  std::string bytes(marker.magic);
  ByteWriter writer(&bytes);
  writer.put_u64(number);
  writer.put_u64(checksum64(bytes.data(), bytes.size()));
  const std::string path = path_of(dir, marker);
  rocksdb::IOStatus status = rocksdb::WriteStringToFile(file_system, bytes, path + ".tmp", /*should_sync=*/true);
  if (status.ok()) status = file_system->RenameFile(path + ".tmp", path, rocksdb::IOOptions(), nullptr);
  if (status.ok()) status = sync_directory(file_system, dir);
  return status;
}

std::optional<std::uint64_t> read_marker(rocksdb::FileSystem* file_system, const std::string& dir,
                                         const Marker& marker) {
  std::string bytes;
  if (!rocksdb::ReadFileToString(file_system, path_of(dir, marker), &bytes).ok()) return std::nullopt;
  ByteReader reader(bytes);
  const bool magic_matches = reader.raw(marker.magic.size()) == marker.magic;
  const std::uint64_t number = reader.u64();
  const std::uint64_t checksum = reader.u64();
  if (!magic_matches || !reader.finish("marker").is_ok()) return std::nullopt;
  if (checksum != checksum64(bytes.data(), bytes.size() - sizeof checksum)) return std::nullopt;
  return number;
}

rocksdb::IOStatus remove_marker(rocksdb::FileSystem* file_system, const std::string& dir, const Marker& marker) {
  const std::string path = path_of(dir, marker);
  rocksdb::IOStatus status = file_system->FileExists(path, rocksdb::IOOptions(), nullptr);
  if (status.IsNotFound()) return rocksdb::IOStatus::OK();
  if (status.ok()) status = file_system->DeleteFile(path, rocksdb::IOOptions(), nullptr);
  if (status.ok()) status = sync_directory(file_system, dir);
  return status;
}

}  // namespace tamis::storage
