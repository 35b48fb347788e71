// AttributeIndex: answers filters over the features of users or items with bitmaps.
//
// Each value of a boolean, categorical and multi-categorical feature keeps the bitmap of its ids; numeric and timestamp
// features keep their values for range scans. Text is not filterable except by `exists`.
// Thread-safe: evaluations beside one writer.
#pragma once

#include <memory>
#include <string_view>

#include "common/feature.h"
#include "common/filter.h"
#include "common/ids.h"
#include "common/status.h"
#include "index/bitmap.h"

namespace tamis::index {

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
  std::uint64_t memory_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tamis::index
