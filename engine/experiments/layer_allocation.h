// Where in its layer an experiment's users are: buckets that no other experiment of the layer has.
#pragma once

#include <span>
#include <vector>

#include "common/status.h"
#include "engine/experiment.h"

namespace tamis::engine {

// `count` of the 10,000 buckets that none of `taken` holds, the lowest first; what `before` held is kept where it
// suffices, so that people stay. failed_precondition at "/traffic" where so many are not free.
Result<std::vector<BucketRange>> allocate_buckets(std::uint32_t count, std::span<const BucketRange> before,
                                                  std::span<const BucketRange> taken);

// The share of a layer in buckets, at least one.
std::uint32_t bucket_count(double traffic);

}  // namespace tamis::engine
