// AttributeIndex: the features of users or items, packed, and the bitmaps that answer filters over them.
//
// Features are held once, as a few bytes for each entity (packed_features.h). A field gets bitmaps when a filter first
// asks for it: one for each value of a boolean, categorical and multi-categorical feature; numeric and timestamp
// features keep their values for range scans. Text compares whole, as a category does. Building them takes a few
// tenths of a second for a million entities, in the call that asks. Writes keep them up to date from then on.
// Thread-safe: evaluations beside one writer.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
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
  // The number of an external id, which filters by `id` ask for.
  using FindId = std::function<std::optional<DenseId>(std::string_view)>;

  explicit AttributeIndex(FindId find_id);
  ~AttributeIndex();

  // Replaces all that is known of `id`.
  void set(DenseId id, const Features& features);
  void remove(DenseId id);

  // What was set; empty where nothing was.
  Features features(DenseId id) const;

  // The live ids for which `filter` holds, exactly as tamis::matches() defines it. The first time that it compares a
  // field, prepare() runs before.
  Bitmap evaluate(const Filter& filter) const;
  // Builds what filters over these fields will ask for: about a microsecond for each live entity and field. Others read
  // and write meanwhile. Fields that no entity has are left out.
  void prepare(const std::vector<std::string>& fields) const;
  // How many fields evaluate() would have to prepare.
  std::size_t count_unprepared(const Filter& filter) const;
  std::vector<std::string> prepared_fields() const;
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
