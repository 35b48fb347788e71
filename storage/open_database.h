// OpenDatabase: one opened RocksDB instance and the handles of its column families.
//
// Held by shared_ptr: by the store, and by each read for as long as it runs, so that a reopen waits for the reads in
// flight instead of pulling the database away from under them. Threads: reads are thread-safe; create, drop and the
// vectors map are for the committing thread.
#pragma once

#include <rocksdb/db.h>

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/records.h"
#include "common/status.h"
#include "storage/rocks_options.h"
#include "storage/table.h"

namespace tamis::storage {

class OpenDatabase {
 public:
  using Family = std::shared_ptr<rocksdb::ColumnFamilyHandle>;

  // Opens `dir`, creating what is missing: the database where the directory holds none, a table that an older format
  // lacked. failed_precondition where another process holds it; corruption; io_error.
  static Result<std::shared_ptr<OpenDatabase>> open(const std::string& dir, const RocksResources& resources,
                                                    bool read_only);
  ~OpenDatabase();  // closes; then calls on_closed
  OpenDatabase(const OpenDatabase&) = delete;
  OpenDatabase& operator=(const OpenDatabase&) = delete;

  rocksdb::DB* db() const { return db_.get(); }
  rocksdb::ColumnFamilyHandle* table(Table table) const { return tables_[static_cast<std::size_t>(table)].get(); }

  // Column families of vectors, by full name.
  const std::map<std::string, Family>& vector_families() const { return vectors_; }
  Result<Family> create_vector_family(const std::string& name, const RocksResources& resources);
  Status drop_vector_family(const std::string& name);

  // Writes `rows` in one piece; fsynced where `durability` is kSync. Every write goes through here. The status of a
  // failure says what was being done ("trim the log").
  Status write(rocksdb::WriteBatch* rows, Durability durability, std::string_view doing);
  // Writes what the tables hold in memory to files; the logs are then obsolete.
  Status flush();
  // Starts writing those tables to files that hold more in memory than `RocksResources::table_memory_bytes`; looks only
  // once in a while. Told how many bytes were written since the last call. For the committing thread. (Left to itself,
  // RocksDB 7.8 forgets a reference where it begins new memtables for several tables in one write and a file fails
  // meanwhile, and aborts when the database is closed.)
  Status flush_full_tables(std::uint64_t written_bytes);

  // Set before a reopen: long scans give up with unavailable.
  void start_closing() { closing_.store(true, std::memory_order_relaxed); }
  bool is_closing() const { return closing_.load(std::memory_order_relaxed); }
  // REQUIRES: set before the last reference can go.
  void set_on_closed(std::function<void()> on_closed) { on_closed_ = std::move(on_closed); }

 private:
  explicit OpenDatabase(std::uint64_t table_memory_bytes) : table_memory_bytes_(table_memory_bytes) {}
  std::vector<rocksdb::ColumnFamilyHandle*> families() const;

  const std::uint64_t table_memory_bytes_;
  std::uint64_t written_since_look_bytes_ = 0;
  std::unique_ptr<rocksdb::DB> db_;
  Family default_family_;
  std::array<Family, kTableCount> tables_;
  std::map<std::string, Family> vectors_;
  std::atomic<bool> closing_ = false;
  std::function<void()> on_closed_;
};

// What a failed open of `dir` means: failed_precondition, naming the process, where another one holds it; corruption
// where a file that must be there is not.
Status explain_open_failure(const rocksdb::Status& status, const std::string& dir);

// Whether `dir` holds a database, and of which column families. corruption where its files are there but the one that
// names the others (CURRENT) is gone: opening would otherwise begin an empty database over them.
struct DatabaseContents {
  bool exists = false;
  std::vector<std::string> families;
};
Result<DatabaseContents> inspect_directory(const std::string& dir, const RocksResources& resources);

}  // namespace tamis::storage
