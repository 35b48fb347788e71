// RowSource: where rows of embedding tables come from that are not in memory.
#pragma once

#include <cstdint>
#include <span>

#include "common/status.h"

namespace tamis::ranker {

// Thread-safe.
class RowSource {
 public:
  virtual ~RowSource() = default;
  // Row `row` of the table of id field `table` (a position in FeatureSchema::id_fields()) into `out` [dim]. Errors:
  // io_error, corruption. REQUIRES: both are in range.
  virtual Status read(std::size_t table, std::uint32_t row, std::span<float> out) const = 0;
};

}  // namespace tamis::ranker
