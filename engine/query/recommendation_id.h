// Names for answers, by which interactions refer back to them.
#pragma once

#include <string>

namespace tamis::engine {

// 32 lower-case hexadecimal digits: 128 random bits, so that nodes need not agree on a counter. Thread-safe.
std::string make_recommendation_id();

}  // namespace tamis::engine
