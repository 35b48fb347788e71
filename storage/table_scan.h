// One pass over a table's rows.
#pragma once

#include <rocksdb/db.h>

#include <cstddef>
#include <memory>
#include <string_view>

#include "common/status.h"
#include "storage/open_database.h"
#include "storage/rocks_status.h"

namespace tamis::storage {

// Visits rows from `first` on and before `end` (empty: to the last), over one snapshot, until visit(key, value), a
// Result<bool>, gives false or a fault. unavailable where a reopen waits for this scan.
template <typename Visit>
Status scan(const OpenDatabase& database, rocksdb::ColumnFamilyHandle* family, std::string_view first,
            std::string_view end, Visit visit) {
  constexpr std::size_t kReadaheadBytes = 2 << 20;
  constexpr std::size_t kRowsBetweenClosingChecks = 256;
  rocksdb::ReadOptions options;
  options.fill_cache = false;  // one pass over a table must not push the hot rows out
  options.total_order_seek = true;
  options.readahead_size = kReadaheadBytes;
  const rocksdb::Slice upper_bound = end;
  if (!end.empty()) options.iterate_upper_bound = &upper_bound;
  const std::unique_ptr<rocksdb::Iterator> row(database.db()->NewIterator(options, family));
  std::size_t rows = 0;
  for (row->Seek(first); row->Valid(); row->Next()) {
    TAMIS_ASSIGN_OR_RETURN(const bool goes_on, visit(row->key().ToStringView(), row->value().ToStringView()));
    if (!goes_on) return Status::ok();
    if (++rows % kRowsBetweenClosingChecks == 0 && database.is_closing()) {
      return Status::unavailable("the store is being reopened after a failed write");
    }
  }
  return from_rocks(row->status(), "scan " + family->GetName());
}

}  // namespace tamis::storage
