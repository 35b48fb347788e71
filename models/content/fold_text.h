// Unicode text in one form, so that words that people hold for the same compare equal. Wraps utf8proc.
#pragma once

#include <string>
#include <string_view>

namespace tamis::models {

// `text` with case folded (É to é, ẞ and ß to ss) and in composed compatibility form (NFKC: e and a combining acute to
// é, ﬁ to fi). What is not valid UTF-8 stays as it is. ASCII is lowered. Thread-safe.
std::string fold_text(std::string_view text);

// Whether a character of folded text belongs to a word: letters, marks, digits, symbols such as emoji; all but white
// space, punctuation, mathematical and currency signs and controls.
bool is_word_character(char32_t character);

// Takes the first character off `text`, which is not empty; a byte that begins none comes as itself, with `valid`
// false.
char32_t next_character(std::string_view& text, bool& valid);

}  // namespace tamis::models
