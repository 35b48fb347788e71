#include "common/clock.h"

#include <chrono>
#include <cstdio>
#include <optional>

namespace tamis {
namespace {

class SystemClock final : public Clock {
 public:
  TimestampMs now_ms() const override {
    using std::chrono::duration_cast;
    return duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  }
};

// Reads exactly `digits` decimal digits at `*position` and moves past them.
std::optional<int> read_digits(std::string_view text, std::size_t* position, std::size_t digits) {
  if (*position + digits > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char c = text[*position + i];
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  *position += digits;
  return value;
}

bool read_char(std::string_view text, std::size_t* position, std::string_view allowed) {
  if (*position >= text.size() || allowed.find(text[*position]) == std::string_view::npos) return false;
  ++*position;
  return true;
}

// The parts of a date-time that stand before its offset, in milliseconds since 1970 as if it were UTC.
std::optional<TimestampMs> read_local(std::string_view text, std::size_t* at) {
  const auto year = read_digits(text, at, 4);
  if (!year || !read_char(text, at, "-")) return std::nullopt;
  const auto month = read_digits(text, at, 2);
  if (!month || !read_char(text, at, "-")) return std::nullopt;
  const auto day = read_digits(text, at, 2);
  if (!day || !read_char(text, at, "Tt ")) return std::nullopt;
  const auto hour = read_digits(text, at, 2);
  if (!hour || !read_char(text, at, ":")) return std::nullopt;
  const auto minute = read_digits(text, at, 2);
  if (!minute || !read_char(text, at, ":")) return std::nullopt;
  const auto second = read_digits(text, at, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60 || *year < 1) return std::nullopt;

  int millisecond = 0;
  if (read_char(text, at, ".")) {
    int scale = 100;
    std::size_t digits = 0;
    for (; *at < text.size() && text[*at] >= '0' && text[*at] <= '9'; ++*at, ++digits) {
      millisecond += (text[*at] - '0') * scale;
      scale /= 10;
    }
    if (digits == 0) return std::nullopt;
  }

  const std::chrono::year_month_day date{std::chrono::year{*year}, std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  const auto days = std::chrono::sys_days{date}.time_since_epoch().count();
  return (((static_cast<TimestampMs>(days) * 24 + *hour) * 60 + *minute) * 60 + *second) * 1000 + millisecond;
}

}  // namespace

const Clock& Clock::system() {
  static const SystemClock clock;
  return clock;
}

Result<TimestampMs> parse_rfc3339(std::string_view text) {
  const auto refuse = [&] {
    return Status::invalid_argument("\"" + std::string(text.substr(0, 64)) +
                                    "\" is not an RFC 3339 time; expected a form like 2011-12-01T10:00:00Z");
  };
  std::size_t at = 0;
  const auto local_ms = read_local(text, &at);
  if (!local_ms || at >= text.size()) return refuse();

  TimestampMs offset_ms = 0;
  if (!read_char(text, &at, "Zz")) {
    const bool negative = text[at] == '-';
    if (!read_char(text, &at, "+-")) return refuse();
    const auto hours = read_digits(text, &at, 2);
    if (!hours || !read_char(text, &at, ":")) return refuse();
    const auto minutes = read_digits(text, &at, 2);
    if (!minutes || *hours > 23 || *minutes > 59) return refuse();
    offset_ms = (*hours * 60 + *minutes) * TimestampMs{60'000} * (negative ? -1 : 1);
  }
  if (at != text.size()) return refuse();
  return *local_ms - offset_ms;
}

std::string format_rfc3339(TimestampMs timestamp_ms) {
  using std::chrono::floor;
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds{timestamp_ms}};
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  char text[48];
  int length = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                             static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                             static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                             static_cast<int>(clock.seconds().count()));
  const auto millisecond = static_cast<int>(clock.subseconds().count());
  if (millisecond != 0) length += std::snprintf(text + length, sizeof text - length, ".%03d", millisecond);
  return std::string(text, static_cast<std::size_t>(length)) + "Z";
}

}  // namespace tamis
