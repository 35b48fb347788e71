// Names for answers, by which interactions refer back to them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tamis::engine {

// 32 lower-case hexadecimal digits: 128 random bits, so that nodes need not agree on a counter. Thread-safe.
std::string make_recommendation_id();

// What the rules of an answer draw from: a function of its id alone, so that the answer can be made again. FNV-1a.
std::uint64_t seed_of(std::string_view recommendation_id);

}  // namespace tamis::engine
