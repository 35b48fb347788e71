#include "models/evaluate/number_tokens.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace tamis::models {
namespace {

std::string quoted(std::string_view token) {
  constexpr std::size_t kShown = 40;
  std::string text = "\"";
  for (const char c : token.substr(0, kShown)) text += c >= ' ' && c <= '~' ? c : '?';
  return text + (token.size() > kShown ? "...\"" : "\"");
}

}  // namespace

Status parse_numbers(std::string_view line, std::vector<std::uint64_t>& numbers) {
  constexpr std::string_view kBlank = " \t";
  for (std::size_t begin = line.find_first_not_of(kBlank); begin != std::string_view::npos;
       begin = line.find_first_not_of(kBlank)) {
    line.remove_prefix(begin);
    const std::string_view token = line.substr(0, line.find_first_of(kBlank));
    line.remove_prefix(token.size());
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), number);
    if (error != std::errc() || end != token.data() + token.size()) {
      return Status::invalid_argument(quoted(token) + " is not a number in 0..18446744073709551615");
    }
    numbers.push_back(number);
  }
  return Status::ok();
}

void sort_unique(std::vector<std::uint64_t>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

std::uint32_t dense_id(const std::vector<std::uint64_t>& ids, std::uint64_t number) {
  return static_cast<std::uint32_t>(std::lower_bound(ids.begin(), ids.end(), number) - ids.begin());
}

}  // namespace tamis::models
