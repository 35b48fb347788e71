// TimeFormat: how a column writes a moment.
#pragma once

#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/status.h"

namespace tamis::client {

// "rfc3339", "epoch_s" (fractions allowed), "epoch_ms", or a pattern: %Y %m %d %H %M %S %y %I %p %b %f (fraction of a
// second, 1..9 digits) %z (+01:00, +0100, Z) and %%; anything else stands for itself. Numbers may lack leading zeros;
// without %z a pattern is UTC. Thread-safe as values are.
class TimeFormat {
 public:
  TimeFormat() = default;  // rfc3339
  // invalid_argument for a pattern with an unknown directive, or without year, month and day.
  static Result<TimeFormat> parse(std::string_view format);

  // invalid_argument naming the text and the format.
  Result<TimestampMs> read(std::string_view text) const;
  const std::string& name() const { return format_; }

 private:
  std::string format_ = "rfc3339";
};

}  // namespace tamis::client
