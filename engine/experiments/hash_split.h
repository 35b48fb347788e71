// The split of people among experiments and their arms: by hash alone, so that it needs no memory, is the same on every
// node and after every restart, and differs from salt to salt as if drawn anew.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tamis::engine {

inline constexpr std::uint32_t kBuckets = 10'000;

// XXH3 (64 bits, seed 0) of `salt`, one zero byte and `user`, modulo kBuckets.
std::uint32_t bucket_of(std::string_view salt, std::string_view user);

// The first i whose shares up to and with it exceed bucket / kBuckets; the last where rounding leaves a rest.
// REQUIRES: shares are not empty, not negative and sum to 1.
std::size_t arm_of(std::uint32_t bucket, std::span<const double> shares);

}  // namespace tamis::engine
