// What an action without a judgement has in the place of its rating.
#pragma once

#include <limits>

namespace tamis::models {

inline constexpr float kNoRating = std::numeric_limits<float>::quiet_NaN();

}  // namespace tamis::models
