#include "models/content/fold_text.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace tamis::models {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

void append_lowered(std::string_view text, std::string& out) {
  for (const char c : text) out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
}

// The length of the longest valid beginning.
std::size_t valid_length(std::string_view text) {
  std::string_view rest = text;
  while (!rest.empty()) {
    std::string_view after = rest;
    bool valid = true;
    next_character(after, valid);
    if (!valid) break;
    rest = after;
  }
  return text.size() - rest.size();
}

// REQUIRES: `text` is valid UTF-8.
void append_folded(std::string_view text, std::string& out) {
  constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                                           UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
  utf8proc_uint8_t* folded = nullptr;
  const utf8proc_ssize_t length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                               static_cast<utf8proc_ssize_t>(text.size()), &folded, kOptions);
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(folded, &std::free);
  if (length < 0) return append_lowered(text, out);
  out.append(reinterpret_cast<const char*>(folded), static_cast<std::size_t>(length));
}

}  // namespace

char32_t next_character(std::string_view& text, bool& valid) {
  utf8proc_int32_t character = 0;
  const utf8proc_ssize_t length = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                                   static_cast<utf8proc_ssize_t>(text.size()), &character);
  valid = length > 0;
  if (!valid) character = static_cast<unsigned char>(text.front());
  text.remove_prefix(valid ? static_cast<std::size_t>(length) : 1);
  return static_cast<char32_t>(character);
}

std::string fold_text(std::string_view text) {
  std::string folded;
  folded.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = valid_length(text);
    const std::string_view part = text.substr(0, length);
    if (is_ascii(part)) {
      append_lowered(part, folded);
    } else {
      append_folded(part, folded);
    }
    text.remove_prefix(length);
    if (text.empty()) break;
    folded.push_back(text.front());
    text.remove_prefix(1);
  }
  return folded;
}

bool is_word_character(char32_t character) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(character))) {
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
    case UTF8PROC_CATEGORY_SM:
    case UTF8PROC_CATEGORY_SC:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF: return false;
    case UTF8PROC_CATEGORY_SK: return character >= 0x80;
    default: return true;
  }
}

}  // namespace tamis::models
