#include "storage/format_version.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "storage/format_upgrade.h"
#include "storage/rocks_status.h"
#include "storage/value_codec.h"

namespace tamis::storage {
namespace {

// nullopt where none is stored: a database whose creation a crash cut short.
Result<std::optional<std::uint64_t>> read_version(rocksdb::DB* db, rocksdb::ColumnFamilyHandle* meta) {
  std::string value;
  const rocksdb::Status status = db->Get(rocksdb::ReadOptions(), meta, kFormatVersionKey, &value);
  if (status.IsNotFound()) return std::optional<std::uint64_t>();
  if (!status.ok()) return from_rocks(status, "read the format version");
  ByteReader reader(value);
  const std::uint64_t version = reader.varint();
  TAMIS_RETURN_IF_ERROR(reader.finish("format version"));
  return std::optional<std::uint64_t>(version);
}

Result<std::optional<std::uint64_t>> read_version_of(const std::string& dir, const RocksResources& resources) {
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, resources.table_options(Table::kMeta));
  descriptors.emplace_back(std::string(table_name(Table::kMeta)), resources.table_options(Table::kMeta));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::OpenForReadOnly(resources.database_options(), dir, descriptors, &handles, &opened);
  if (!status.ok()) return explain_open_failure(status, dir);
  const std::unique_ptr<rocksdb::DB> db(opened);
  auto version = read_version(db.get(), handles.back());
  for (rocksdb::ColumnFamilyHandle* handle : handles) (void)db->DestroyColumnFamilyHandle(handle);
  return version;
}

}  // namespace

Status check_format(const std::string& dir, const RocksResources& resources, bool read_only) {
  TAMIS_ASSIGN_OR_RETURN(const DatabaseContents contents, inspect_directory(dir, resources));
  const auto has = [&](std::string_view family) {
    return std::find(contents.families.begin(), contents.families.end(), family) != contents.families.end();
  };
  if (!contents.exists || !has(table_name(Table::kMeta))) return Status::ok();
  TAMIS_ASSIGN_OR_RETURN(const std::optional<std::uint64_t> version, read_version_of(dir, resources));
  if (!version) return Status::ok();
  if (*version > kFormatVersion) {
    return Status::failed_precondition(dir + " has storage format " + std::to_string(*version) +
                                       "; this build reads formats up to " + std::to_string(kFormatVersion) +
                                       ": use the newer build that wrote it");
  }
  if (*version < kFormatVersion) {
    if (!read_only) return Status::ok();
    return Status::failed_precondition(dir + " has storage format " + std::to_string(*version) +
                                       " and this build needs " + std::to_string(kFormatVersion) +
                                       ": open it once for writing to upgrade it");
  }
  for (const std::string_view name : kTableNames) {
    if (!has(name)) return Status::corruption("open " + dir + ": the table " + std::string(name) + " is missing");
  }
  return Status::ok();
}

Status settle_format(OpenDatabase* database) {
  TAMIS_ASSIGN_OR_RETURN(const std::optional<std::uint64_t> version,
                         read_version(database->db(), database->table(Table::kMeta)));
  if (version == kFormatVersion) return Status::ok();
  rocksdb::WriteBatch batch;
  if (!version) {
    const std::unique_ptr<rocksdb::Iterator> log(
        database->db()->NewIterator(rocksdb::ReadOptions(), database->table(Table::kLog)));
    log->SeekToFirst();
    if (log->Valid()) return Status::corruption("the format version is missing beside a log that holds records");
    TAMIS_RETURN_IF_ERROR(from_rocks(log->status(), "read the log"));
  } else if (*version == 1) {
    TAMIS_RETURN_IF_ERROR(upgrade_from_1(*database, &batch));
  } else if (*version != 2 && *version != 3) {  // those become 4 as they are: their values stay readable
    return Status::corruption("the format version " + std::to_string(*version) + " was never in use");
  }
  std::string value;
  ByteWriter(&value).put_varint(kFormatVersion);
  TAMIS_RETURN_IF_ERROR(
      from_rocks(batch.Put(database->table(Table::kMeta), kFormatVersionKey, value), "write the format version"));
  return database->write(&batch, Durability::kSync, "write the format version");
}

}  // namespace tamis::storage
