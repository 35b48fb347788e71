// Which answers are logged.
#pragma once

#include <string_view>

namespace tamis::engine {

// A function of the id alone, so that any node, now or later, knows whether the answer was logged: XXH3 of the id,
// as a fraction of 2^64, lies below `rate`. Rates 0 and 1 are exact.
bool is_sampled(std::string_view recommendation_id, double rate);

}  // namespace tamis::engine
