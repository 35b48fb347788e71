// Eligibility: which items (or users) may be in an answer. Computed once per query, consulted by every retriever.
#pragma once

#include <optional>
#include <span>

#include "common/clock.h"
#include "common/ids.h"
#include "engine/live/entity_table.h"
#include "engine/serving/stamped_array.h"
#include "index/attribute_index.h"
#include "index/bitmap.h"

namespace tamis::engine {

// Externally synchronised; lives on the stack of one query. Verdicts are remembered in a thread-local table, so one
// query at a time per thread.
class Eligibility {
 public:
  // `id_count`: dense ids lie below it. A trivial filter costs nothing. REQUIRES: table and attributes outlive this.
  Eligibility(const EntityTable& table, const index::AttributeIndex& attributes, const Filter& filter,
              std::size_t id_count, TimestampMs now_ms);
  Eligibility(const Eligibility&) = delete;
  Eligibility& operator=(const Eligibility&) = delete;

  void exclude(DenseId id);
  std::size_t excluded_count() const { return excluded_.size(); }

  // Live, neither expired nor hidden, passes the filter and is not excluded.
  bool operator()(DenseId id) const;

  // Ids outside of it are certainly not eligible: the filter less the excluded; null where nothing narrows the search
  // enough to be worth it. Valid until the next exclude().
  const index::Bitmap* narrowing(std::size_t wanted) const;
  // At most so many items are eligible.
  std::size_t upper_bound() const;
  bool has_filter() const { return filter_.has_value(); }
  // The ids that pass the filter, before exclusions; all ids where there is none.
  std::size_t passing_filter() const;
  std::size_t id_count() const { return id_count_; }

 private:
  const EntityTable& table_;
  std::size_t id_count_;
  TimestampMs now_ms_;
  std::optional<index::Bitmap> filter_;
  std::vector<DenseId> excluded_;
  StampedArray<bool>& verdicts_;
  mutable std::optional<index::Bitmap> narrowing_;
};

}  // namespace tamis::engine
