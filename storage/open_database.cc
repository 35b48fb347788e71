#include "storage/open_database.h"

#include <rocksdb/file_system.h>

#include <algorithm>
#include <optional>

#include "storage/lock_holder.h"
#include "storage/rocks_status.h"

namespace tamis::storage {
namespace {

constexpr std::uint64_t kLooksPerTable = 16;  // while as much is written as fills one table's memory

std::optional<Table> table_named(std::string_view name) {
  const auto found = std::find(kTableNames.begin(), kTableNames.end(), name);
  if (found == kTableNames.end()) return std::nullopt;
  return static_cast<Table>(found - kTableNames.begin());
}

bool is_vector_family(std::string_view name) {
  return name.substr(0, kVectorFamilyPrefix.size()) == kVectorFamilyPrefix;
}

// Not inlined, so that the caller stands in every stack of a sanitizer that leads into RocksDB's write.
[[gnu::noinline]] rocksdb::Status hand_to_rocks(rocksdb::DB* db, rocksdb::WriteBatch* rows, Durability durability) {
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kSync;
  return db->Write(options, rows);
}

}  // namespace

Status explain_open_failure(const rocksdb::Status& status, const std::string& dir) {
  const std::string text = status.ToString();
  if (status.IsIOError() && text.find("/LOCK") != std::string::npos &&
      (text.find("lock") != std::string::npos || text.find("unavailable") != std::string::npos)) {
    const bool own = text.find("current process") != std::string::npos;
    const std::string holder = own ? "this process" : lock_holder(std::filesystem::path(dir) / "LOCK");
    return Status::failed_precondition("the data directory " + dir + " is in use by " + holder +
                                       "; a directory serves one process at a time");
  }
  // RocksDB says InvalidArgument where the manifest contradicts itself or the options, NotFound of a file that it
  // names.
  if (status.IsInvalidArgument() || status.IsNotFound()) return Status::corruption("open " + dir + ": " + text);
  return from_rocks(status, "open " + dir);
}

Result<DatabaseContents> inspect_directory(const std::string& dir, const RocksResources& resources) {
  rocksdb::FileSystem* file_system = resources.file_system();
  std::vector<std::string> children;
  const rocksdb::IOStatus listed = file_system->GetChildren(dir, rocksdb::IOOptions(), &children, nullptr);
  if (listed.IsNotFound()) return DatabaseContents{};
  if (!listed.ok()) return from_rocks(listed, "list " + dir);

  DatabaseContents contents;
  std::string orphan;
  for (const std::string& child : children) {
    if (child == "CURRENT") contents.exists = true;
    if (child.ends_with(".sst") || child.ends_with(".log")) orphan = child;
  }
  if (!contents.exists) {
    if (orphan.empty()) return contents;
    return Status::corruption("open " + dir + ": the file CURRENT is missing beside " + orphan +
                              "; restore the directory from a snapshot");
  }
  const rocksdb::Status status = rocksdb::DB::ListColumnFamilies(resources.database_options(), dir, &contents.families);
  if (!status.ok()) return explain_open_failure(status, dir);
  return contents;
}

Result<std::shared_ptr<OpenDatabase>> OpenDatabase::open(const std::string& dir, const RocksResources& resources,
                                                         bool read_only) {
  TAMIS_ASSIGN_OR_RETURN(const DatabaseContents contents, inspect_directory(dir, resources));
  if (read_only && !contents.exists) return Status::not_found("there is no database in " + dir);

  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, resources.table_options(Table::kMeta));
  for (std::size_t i = 0; i < kTableCount; ++i) {
    descriptors.emplace_back(std::string(kTableNames[i]), resources.table_options(static_cast<Table>(i)));
  }
  for (const std::string& family : contents.families) {
    if (is_vector_family(family)) descriptors.emplace_back(family, resources.vector_options());
  }

  rocksdb::DBOptions options = resources.database_options();
  options.create_if_missing = !contents.exists;
  options.create_missing_column_families = true;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = read_only ? rocksdb::DB::OpenForReadOnly(options, dir, descriptors, &handles, &db)
                                           : rocksdb::DB::Open(options, dir, descriptors, &handles, &db);
  if (!status.ok()) return explain_open_failure(status, dir);

  std::shared_ptr<OpenDatabase> opened(new OpenDatabase(resources.table_memory_bytes()));
  opened->db_.reset(db);
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    Family family(handle, [db](rocksdb::ColumnFamilyHandle* closed) { (void)db->DestroyColumnFamilyHandle(closed); });
    if (const auto table = table_named(family->GetName())) {
      opened->tables_[static_cast<std::size_t>(*table)] = std::move(family);
    } else if (is_vector_family(family->GetName())) {
      opened->vectors_.emplace(family->GetName(), std::move(family));
    } else {
      opened->default_family_ = std::move(family);
    }
  }
  return opened;
}

OpenDatabase::~OpenDatabase() {
  vectors_.clear();
  tables_ = {};
  default_family_.reset();
  db_.reset();
  if (on_closed_) on_closed_();
}

std::vector<rocksdb::ColumnFamilyHandle*> OpenDatabase::families() const {
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  for (const Family& table : tables_) families.push_back(table.get());
  for (const auto& [name, family] : vectors_) families.push_back(family.get());
  return families;
}

Status OpenDatabase::write(rocksdb::WriteBatch* rows, Durability durability, std::string_view doing) {
  return from_rocks(hand_to_rocks(db_.get(), rows, durability), doing);
}

Status OpenDatabase::flush() { return from_rocks(db_->Flush(rocksdb::FlushOptions(), families()), "flush"); }

Status OpenDatabase::flush_full_tables(std::uint64_t written_bytes) {
  written_since_look_bytes_ += written_bytes;
  if (written_since_look_bytes_ < table_memory_bytes_ / kLooksPerTable) return Status::ok();
  written_since_look_bytes_ = 0;
  rocksdb::FlushOptions in_background;
  in_background.wait = false;
  in_background.allow_write_stall = true;  // where flushes fall behind, the next write waits for them
  for (rocksdb::ColumnFamilyHandle* family : families()) {
    std::uint64_t memory_bytes = 0;
    if (!db_->GetIntProperty(family, rocksdb::DB::Properties::kCurSizeActiveMemTable, &memory_bytes)) continue;
    if (memory_bytes < table_memory_bytes_) continue;
    const rocksdb::Status status = db_->Flush(in_background, family);
    if (!status.ok() && !status.IsTryAgain()) return from_rocks(status, "flush " + family->GetName());
  }
  return Status::ok();
}

Result<OpenDatabase::Family> OpenDatabase::create_vector_family(const std::string& name,
                                                                const RocksResources& resources) {
  rocksdb::ColumnFamilyHandle* handle = nullptr;
  const rocksdb::Status status = db_->CreateColumnFamily(resources.vector_options(), name, &handle);
  if (!status.ok()) return from_rocks(status, "create " + name);
  rocksdb::DB* db = db_.get();
  Family family(handle, [db](rocksdb::ColumnFamilyHandle* closed) { (void)db->DestroyColumnFamilyHandle(closed); });
  vectors_.emplace(name, family);
  return family;
}

Status OpenDatabase::drop_vector_family(const std::string& name) {
  const auto found = vectors_.find(name);
  if (found == vectors_.end()) return Status::ok();
  const rocksdb::Status status = db_->DropColumnFamily(found->second.get());
  vectors_.erase(found);
  return from_rocks(status, "drop " + name);
}

}  // namespace tamis::storage
