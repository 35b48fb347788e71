#include "engine/measure/sampling.h"

#include "common/checksum.h"

namespace tamis::engine {

bool is_sampled(std::string_view recommendation_id, double rate) {
  if (rate >= 1) return true;
  const std::uint64_t hash = checksum64(recommendation_id.data(), recommendation_id.size());
  return static_cast<double>(hash >> 11) * 0x1.0p-53 < rate;
}

}  // namespace tamis::engine
