// Words and character n-grams of texts, and the hash that maps them to buckets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tamis::models {

// Runs of letters and digits, ASCII lowered; every byte of a multi-byte UTF-8 character counts as a letter. Any bytes
// are accepted.
std::vector<std::string> words_of(std::string_view text);

// FNV-1a over `text` from `seed`, finished by SplitMix64's mixer so that all bits are good. persistent: do not change.
std::uint64_t hash_text(std::string_view text, std::uint64_t seed);

}  // namespace tamis::models
