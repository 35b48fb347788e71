// NumericColumn: the values of one numeric or timestamp feature, ordered, for range scans.
//
// Buckets of at most kBucketIds ids, in order of value: a range is the union of whole buckets' bitmaps plus a look at
// the values in the two at its ends. Updates touch one bucket. Externally synchronised.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "index/bitmap.h"

namespace tamis::index {

class NumericColumn {
 public:
  NumericColumn();
  // REQUIRES: value is not NaN; (value, id) is absent in add() and present in remove().
  void add(DenseId id, double value);
  void remove(DenseId id, double value);

  // Adds the ids with low <= value <= high to `out`.
  void collect(double low, double high, Bitmap* out) const;
  std::uint64_t memory_bytes() const;

 private:
  struct Entry {
    double value;
    DenseId id;
  };
  // Values lie at or above the bucket's key and below the next bucket's. A value that fills a bucket alone has one to
  // itself, `uniform`, which keeps no entries: all its values are the key.
  struct Bucket {
    std::vector<Entry> entries;  // in no order
    Bitmap ids;
    bool uniform = false;
  };
  using Buckets = std::map<double, Bucket>;
  Buckets::iterator bucket_of(double value);
  void split(Buckets::iterator bucket);
  void isolate(Buckets::iterator bucket, double value);
  // Moves what lies at or above `key` into a bucket of its own.
  Buckets::iterator cut(Buckets::iterator bucket, double key);

  static constexpr std::size_t kBucketIds = 2'048;
  Buckets buckets_;
};

}  // namespace tamis::index
