// What a CSV row becomes: an item, a user, an interaction or a vector, each by its own part of the mapping.
//
// Externally synchronised.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "client/import/csv_columns.h"
#include "client/import/csv_import.h"

namespace tamis::client {

class CsvTarget {
 public:
  virtual ~CsvTarget() = default;
  virtual Status bind(const Columns& columns) = 0;
  // False where the mapping's `where` leaves the row out. invalid_argument for a bad row.
  virtual Result<bool> apply(const CsvRow& row, std::uint64_t line) = 0;
  // After the last row.
  virtual Status finish() { return Status::ok(); }
};

// Those of `selection` that the mapping has. Everything given outlives them; `keys` may be null.
std::vector<std::unique_ptr<CsvTarget>> make_targets(const Mapping& mapping, const CsvSelection& selection,
                                                     const CsvReceiver& receiver, RowKeys* keys);

}  // namespace tamis::client
