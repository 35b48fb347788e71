#include "engine/experiments/hash_split.h"

#include <cmath>
#include <string>

#include "common/checksum.h"

namespace tamis::engine {

std::uint32_t bucket_of(std::string_view salt, std::string_view user) {
  std::string key(salt);
  key.push_back('\0');
  key.append(user);
  return static_cast<std::uint32_t>(checksum64(key.data(), key.size()) % kBuckets);
}

std::size_t arm_of(std::uint32_t bucket, std::span<const double> shares) {
  double sum = 0;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    sum += shares[i];
    if (bucket < std::llround(sum * kBuckets)) return i;
  }
  return shares.size() - 1;
}

}  // namespace tamis::engine
