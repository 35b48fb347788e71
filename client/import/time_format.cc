#include "client/import/time_format.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>

#include "client/import/cell.h"

namespace tamis::client {
namespace {

constexpr std::string_view kDirectives = "YmdHMSyIpbfz%";
constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A moment's parts as they are read, and the text that is left.
struct Parts {
  std::string_view rest;
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  int millisecond = 0;
  int offset_minutes = 0;
  bool twelve_hours = false;
  std::optional<bool> afternoon;

  bool digits(std::size_t most, int* value) {
    std::size_t count = 0;
    *value = 0;
    while (count < most && count < rest.size() && is_digit(rest[count])) *value = *value * 10 + (rest[count++] - '0');
    rest.remove_prefix(count);
    return count > 0;
  }

  bool fraction() {
    int scale = 100;
    std::size_t count = 0;
    for (; count < 9 && count < rest.size() && is_digit(rest[count]); ++count, scale /= 10) {
      millisecond += (rest[count] - '0') * scale;
    }
    rest.remove_prefix(count);
    return count > 0;
  }

  bool month_name() {
    if (rest.size() < 3) return false;
    const std::array<char, 3> name = {lower(rest[0]), lower(rest[1]), lower(rest[2])};
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
      if (kMonths[i] == std::string_view(name.data(), 3)) {
        month = static_cast<int>(i) + 1;
        rest.remove_prefix(3);
        return true;
      }
    }
    return false;
  }

  bool half_of_day() {
    if (rest.size() < 2 || lower(rest[1]) != 'm' || (lower(rest[0]) != 'a' && lower(rest[0]) != 'p')) return false;
    afternoon = lower(rest[0]) == 'p';
    rest.remove_prefix(2);
    return true;
  }

  bool zone() {
    if (rest.empty()) return false;
    const char sign = rest[0];
    rest.remove_prefix(1);
    if (sign == 'Z' || sign == 'z') return true;
    int hours = 0, minutes = 0;
    if ((sign != '+' && sign != '-') || !digits(2, &hours)) return false;
    if (rest.starts_with(':')) rest.remove_prefix(1);
    if (!digits(2, &minutes) || hours > 23 || minutes > 59) return false;
    offset_minutes = (hours * 60 + minutes) * (sign == '-' ? -1 : 1);
    return true;
  }

  bool directive(char name) {
    switch (name) {
      case 'Y': return digits(4, &year);
      case 'y':
        if (!digits(2, &year)) return false;
        year += year < 69 ? 2000 : 1900;  // as POSIX strptime
        return true;
      case 'm': return digits(2, &month);
      case 'd': return digits(2, &day);
      case 'H': return digits(2, &hour);
      case 'I': twelve_hours = true; return digits(2, &hour) && hour >= 1 && hour <= 12;
      case 'M': return digits(2, &minute);
      case 'S': return digits(2, &second);
      case 'p': return half_of_day();
      case 'b': return month_name();
      case 'f': return fraction();
      case 'z': return zone();
      default: return literal('%');
    }
  }

  bool literal(char c) {
    if (rest.empty() || rest[0] != c) return false;
    rest.remove_prefix(1);
    return true;
  }

  std::optional<TimestampMs> moment() const {
    const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (year < 1 || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    const int shift = twelve_hours ? (hour == 12 ? -12 : 0) + (afternoon.value_or(false) ? 12 : 0) : 0;
    const auto days = std::chrono::sys_days{date}.time_since_epoch().count();
    const TimestampMs minutes = (static_cast<TimestampMs>(days) * 24 + hour + shift) * 60 + minute - offset_minutes;
    return (minutes * 60 + second) * 1000 + millisecond;
  }
};

std::optional<TimestampMs> read_pattern(std::string_view pattern, std::string_view text) {
  Parts parts;
  parts.rest = text;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool matched = pattern[i] == '%' ? parts.directive(pattern[++i]) : parts.literal(pattern[i]);
    if (!matched) return std::nullopt;
  }
  return parts.rest.empty() ? parts.moment() : std::nullopt;
}

std::optional<TimestampMs> read_epoch(std::string_view text, double unit_ms) {
  const auto number = read_number(text);
  if (!number) return std::nullopt;
  const double milliseconds = std::round(*number * unit_ms);
  if (!(milliseconds >= static_cast<double>(kMinTimestampMs) && milliseconds <= static_cast<double>(kMaxTimestampMs))) {
    return std::nullopt;
  }
  return static_cast<TimestampMs>(milliseconds);
}

// Unix time in a unit. The bounds part the units: what lies within them is a time from 1973 to 2286 (seconds to 5138).
struct Epoch {
  std::string_view name;
  std::string_view unit;
  double unit_ms;
  double from, to;
};
constexpr Epoch kEpochs[] = {
    {"epoch_s", "seconds", 1'000, 1e8, 1e11},
    {"epoch_ms", "milliseconds", 1, 1e11, 1e14},
    {"epoch_us", "microseconds", 1e-3, 1e14, 1e17},
    {"epoch_ns", "nanoseconds", 1e-6, 1e17, 1e20},
};

const Epoch* epoch_named(std::string_view name) {
  for (const Epoch& epoch : kEpochs) {
    if (epoch.name == name) return &epoch;
  }
  return nullptr;
}

// nullptr near 1970, where every unit is likely, and before it.
const Epoch* likely_epoch(double number) {
  for (const Epoch& epoch : kEpochs) {
    if (number >= epoch.from && number < epoch.to) return &epoch;
  }
  return nullptr;
}

std::string year_of(double number, const Epoch& epoch) {
  const double years = number * epoch.unit_ms / (365.2425 * 86'400'000);
  return years > 8'029 ? "no year" : "the year " + std::to_string(1970 + static_cast<int>(years));
}

}  // namespace

Result<TimeFormat> TimeFormat::parse(std::string_view format) {
  TimeFormat parsed;
  parsed.format_ = format;
  if (format == "rfc3339" || epoch_named(format) != nullptr) return parsed;
  const auto refuse = [&](std::string_view reason) {
    return Status::invalid_argument(
               "the time format \"" + std::string(format.substr(0, 64)) + "\" " + std::string(reason) +
               "; expected rfc3339, epoch_s, epoch_ms, epoch_us, epoch_ns or a pattern like %Y-%m-%d %H:%M:%S")
        .at_field("format");
  };
  std::string seen;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    if (++i == format.size() || kDirectives.find(format[i]) == std::string_view::npos) {
      return refuse("has an unknown % directive");
    }
    seen += format[i];
  }
  if (seen.find_first_of("Yy") == std::string::npos || seen.find_first_of("mb") == std::string::npos ||
      seen.find('d') == std::string::npos) {
    return refuse("lacks year, month or day");
  }
  return parsed;
}

std::string_view TimeFormat::epoch_of(double number) {
  const Epoch* const likely = likely_epoch(number);
  return likely == nullptr ? std::string_view() : likely->name;
}

Result<TimestampMs> TimeFormat::read(std::string_view text) const {
  if (format_ == "rfc3339") return parse_rfc3339(text);
  const Epoch* const epoch = epoch_named(format_);
  const auto moment = epoch != nullptr ? read_epoch(text, epoch->unit_ms) : read_pattern(format_, text);
  if (epoch != nullptr) {
    const double number = read_number(text).value_or(0);
    const Epoch* const likely = likely_epoch(number);
    if (likely != nullptr && likely != epoch) {
      return Status::invalid_argument("\"" + std::string(text.substr(0, 64)) + "\" is a time of " +
                                      year_of(number, *epoch) + " in the format " + format_ + " and looks like " +
                                      std::string(likely->unit) + ": set the format to " + std::string(likely->name));
    }
  }
  if (moment) return *moment;
  return Status::invalid_argument("\"" + std::string(text.substr(0, 64)) + "\" is not a time in the format " + format_);
}

}  // namespace tamis::client
