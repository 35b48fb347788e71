// The settings of a benchmark on its command line: `key=value` with whole numbers.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tamis::bench {

using NumberFlags = std::map<std::string, std::uint32_t, std::less<>>;

// Sets one of `flags` from "key=value"; false where the key is not among them or the value is no number of 32 bits.
inline bool set_number_flag(std::string_view argument, NumberFlags& flags) {
  const std::size_t equals = argument.find('=');
  const auto flag = flags.find(argument.substr(0, equals));
  if (equals == std::string_view::npos || flag == flags.end()) return false;
  const char* end = argument.data() + argument.size();
  const auto [rest, error] = std::from_chars(argument.data() + equals + 1, end, flag->second);
  return error == std::errc() && rest == end;
}

// `flags` with what argv[first..] sets; nullopt, and the usage on stderr, where an argument is none of theirs.
// `operands` are the words that stand before: " FILE".
inline std::optional<NumberFlags> read_number_flags(int argc, char** argv, NumberFlags flags, int first = 1,
                                                    const char* operands = "") {
  bool good = argc >= first;
  for (int i = first; good && i < argc; ++i) good = set_number_flag(argv[i], flags);
  if (good) return flags;
  std::fprintf(stderr, "usage: %s%s", argv[0], operands);
  for (const auto& [key, value] : flags) std::fprintf(stderr, " [%s=%u]", key.c_str(), value);
  std::fputc('\n', stderr);
  return std::nullopt;
}

}  // namespace tamis::bench
