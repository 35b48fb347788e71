// TimeFormat: how a column writes a moment.
#pragma once

#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/status.h"

namespace tamis::client {

// "rfc3339"; "epoch_s", "epoch_ms", "epoch_us", "epoch_ns": Unix time, fractions allowed; or a pattern: %Y %m %d %H %M
// %S %y %I %p %b %f (fraction of a second, 1..9 digits) %z (+01:00, +0100, Z) and %%; anything else stands for itself.
// Numbers may lack leading zeros; without %z a pattern is UTC. Thread-safe as values are.
class TimeFormat {
 public:
  TimeFormat() = default;  // rfc3339
  // invalid_argument for a pattern with an unknown directive, or without year, month and day.
  static Result<TimeFormat> parse(std::string_view format);

  // invalid_argument naming the text and the format; also where a number looks like Unix time in another unit.
  Result<TimestampMs> read(std::string_view text) const;
  // "epoch_s" and so on for a number that looks like Unix time since 1973; else "".
  static std::string_view epoch_of(double number);
  const std::string& name() const { return format_; }

 private:
  std::string format_ = "rfc3339";
};

}  // namespace tamis::client
