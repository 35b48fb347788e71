#include "client/http/retry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <string>

#include "common/clock.h"

namespace tamis::client {
namespace {

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that servers may generate; -1 for anything else.
std::int64_t parse_http_date(const std::string& text) {
  static constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char month_name[4] = {};
  char zone[4] = {};
  unsigned day = 0, year = 0, hour = 0, minute = 0, second = 0;
  if (std::sscanf(text.c_str(), "%*3s, %2u %3s %4u %2u:%2u:%2u %3s", &day, month_name, &year, &hour, &minute, &second,
                  zone) != 7) {
    return -1;
  }
  const auto month =
      std::find_if(kMonths.begin(), kMonths.end(), [&](const char* name) { return month_name == std::string(name); });
  if (month == kMonths.end()) return -1;
  char rfc3339[32];
  std::snprintf(rfc3339, sizeof rfc3339, "%04u-%02u-%02uT%02u:%02u:%02uZ", year,
                static_cast<unsigned>(month - kMonths.begin() + 1), day, hour, minute, second);
  const auto parsed = parse_rfc3339(rfc3339);
  return parsed.is_ok() ? *parsed : -1;
}

}  // namespace

std::int64_t parse_retry_after(std::string_view header, std::int64_t now_ms) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  if (!header.empty() && error == std::errc{} && end == header.data() + header.size()) {
    return seconds < 0 ? -1 : std::min<std::int64_t>(seconds, 86'400) * 1'000;
  }
  const std::int64_t date_ms = parse_http_date(std::string(header.substr(0, 64)));
  return date_ms < 0 ? -1 : std::max<std::int64_t>(0, date_ms - now_ms);
}

std::int64_t Backoff::next_wait_ms(std::string_view retry_after, std::int64_t now_ms) {
  const std::uint32_t doublings = std::min(attempts_ > 0 ? attempts_ - 1 : 0, 20u);
  const std::int64_t full = std::min(policy_.max_backoff_ms, policy_.base_backoff_ms << doublings);
  const auto jittered = full / 2 + static_cast<std::int64_t>(random_.uniform() * static_cast<double>(full - full / 2));
  const std::int64_t asked = parse_retry_after(retry_after, now_ms);
  return std::max(jittered, std::min(asked, policy_.max_retry_after_ms));
}

}  // namespace tamis::client
