// AttributeIndex: answers filters over the features of users or items with bitmaps.
//
// Each value of a boolean, categorical and multi-categorical feature keeps the bitmap of its ids; numeric and timestamp
// features keep their values for range scans. Text compares whole, as a category does.
// Thread-safe: evaluations beside one writer.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/feature.h"
#include "common/filter.h"
#include "common/ids.h"
#include "common/status.h"
#include "index/bitmap.h"

namespace tamis::index {

// How many live entities have a field, by the kind of their value.
struct FieldSummary {
  std::array<std::uint64_t, 6> by_kind = {};  // in the order of FeatureKind

  std::uint64_t of(FeatureKind kind) const { return by_kind[static_cast<std::size_t>(kind) - 1]; }
};

class AttributeIndex {
 public:
  AttributeIndex();
  ~AttributeIndex();

  // Replaces all that is known of `id`.
  void set(DenseId id, std::string_view external_id, const Features& features);
  void remove(DenseId id);

  // The live ids for which `filter` holds, exactly as tamis::matches() defines it.
  Bitmap evaluate(const Filter& filter) const;
  Bitmap all() const;
  // None where no live entity has the field.
  std::optional<FieldSummary> find_field(std::string_view name) const;
  std::vector<std::string> field_names() const;  // those that any live entity has, ascending
  bool empty() const;                            // no entity is live
  std::uint64_t memory_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tamis::index
