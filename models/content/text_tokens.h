// Words and character n-grams of texts, and the hash that maps them to buckets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tamis::models {

// Runs of letters, digits and the like (is_word_character()), folded by fold_text(), so that CAFÉ and café are one
// word. Any bytes are accepted: one that is not UTF-8 counts as a letter.
std::vector<std::string> words_of(std::string_view text);

// FNV-1a over `text` from `seed`, finished by SplitMix64's mixer so that all bits are good. persistent: do not change.
std::uint64_t hash_text(std::string_view text, std::uint64_t seed);

}  // namespace tamis::models
