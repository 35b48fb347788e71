// MemberReader: the members of one JSON object, read in turn until the first fault. Experiments and evaluations are
// read by it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/clock.h"
#include "common/filter.h"
#include "engine/documents/strict_json.h"

namespace tamis::engine {

// After a fault, reads leave their targets alone and status() tells of it. An absent member leaves its target alone.
// Externally synchronised; `object` outlives it.
class MemberReader {
 public:
  // Refuses what is no object and members that are not in `known`.
  MemberReader(const Json& object, std::string pointer, std::span<const std::string_view> known);

  void text(std::string_view member, std::string* value, std::size_t low_bytes, std::size_t high_bytes);
  void number(std::string_view member, double* value, double low, double high);
  // RFC 3339 or Unix milliseconds, in the years 0001 to 9999. Never 0, which stands for a time that was not given: the
  // beginning of 1970 reads as its first millisecond.
  void time(std::string_view member, TimestampMs* value);
  void filter(std::string_view member, Filter* value);
  // The member as it stands; null where it is absent or something was at fault before.
  const Json* value(std::string_view member) const;
  std::string pointer_of(std::string_view member) const { return child_pointer(pointer_, member); }
  void fail(Status fault) {
    if (status_.is_ok()) status_ = std::move(fault);
  }
  // invalid_argument at `member`.
  void refuse(std::string_view member, std::string message) {
    fail(Status::invalid_argument(std::move(message)).at_field(pointer_of(member)));
  }
  const Status& status() const { return status_; }

 private:
  const Json& object_;
  std::string pointer_;
  Status status_;
};

}  // namespace tamis::engine
