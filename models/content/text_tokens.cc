#include "models/content/text_tokens.h"

#include "common/random.h"
#include "models/content/fold_text.h"

namespace tamis::models {
std::vector<std::string> words_of(std::string_view text) {
  const std::string folded = fold_text(text);
  std::vector<std::string> words;
  std::string word;
  const auto flush = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  for (std::string_view rest = folded; !rest.empty();) {
    const std::string_view before = rest;
    bool valid = true;
    const char32_t character = next_character(rest, valid);
    if (valid && !is_word_character(character)) {
      flush();
    } else {
      word.append(before.substr(0, before.size() - rest.size()));
    }
  }
  flush();
  return words;
}

std::uint64_t hash_text(std::string_view text, std::uint64_t seed) {
  std::uint64_t hash = 0xCBF29CE484222325ULL ^ seed;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return Random(hash)();
}

}  // namespace tamis::models
