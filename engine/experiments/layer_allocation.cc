#include "engine/experiments/layer_allocation.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/experiments/hash_split.h"

namespace tamis::engine {

std::uint32_t bucket_count(double traffic) {
  return static_cast<std::uint32_t>(std::clamp<long>(std::lround(traffic * kBuckets), 1, kBuckets));
}

Result<std::vector<BucketRange>> allocate_buckets(std::uint32_t count, std::span<const BucketRange> before,
                                                  std::span<const BucketRange> taken) {
  std::vector<bool> is_taken(kBuckets), chosen(kBuckets);
  std::uint32_t free = kBuckets;
  for (const BucketRange& range : taken) {
    for (std::uint32_t bucket = range.first; bucket < std::min(range.end, kBuckets); ++bucket) {
      free -= is_taken[bucket] ? 0 : 1;
      is_taken[bucket] = true;
    }
  }
  if (free < count) {
    return Status::failed_precondition("the layer has " + std::to_string(free) + " of 10000 buckets free, and " +
                                       std::to_string(count) + " are asked for: end or shrink another experiment")
        .at_field("/traffic");
  }
  std::uint32_t left = count;
  const auto choose = [&](std::uint32_t first, std::uint32_t end) {
    for (std::uint32_t bucket = first; bucket < end && left > 0; ++bucket) {
      if (is_taken[bucket] || chosen[bucket]) continue;
      chosen[bucket] = true;
      --left;
    }
  };
  for (const BucketRange& range : before) choose(range.first, std::min(range.end, kBuckets));
  choose(0, kBuckets);
  std::vector<BucketRange> ranges;
  for (std::uint32_t bucket = 0; bucket < kBuckets; ++bucket) {
    if (!chosen[bucket]) continue;
    if (!ranges.empty() && ranges.back().end == bucket) {
      ++ranges.back().end;
    } else {
      ranges.push_back({bucket, bucket + 1});
    }
  }
  return ranges;
}

}  // namespace tamis::engine
