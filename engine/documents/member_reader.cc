#include "engine/documents/member_reader.h"

#include <sstream>

#include "engine/funnel.h"

namespace tamis::engine {
namespace {

TimestampMs given_time(TimestampMs timestamp_ms) { return timestamp_ms == 0 ? 1 : timestamp_ms; }

}  // namespace

MemberReader::MemberReader(const Json& object, std::string pointer, std::span<const std::string_view> known)
    : object_(object), pointer_(std::move(pointer)) {
  status_ = object.is_object() ? check_members(object, pointer_, known) : json_fault(object, pointer_, "an object");
}

const Json* MemberReader::value(std::string_view member) const {
  if (!status_.is_ok()) return nullptr;
  const auto found = object_.find(std::string(member));
  return found == object_.end() ? nullptr : &*found;
}

void MemberReader::text(std::string_view member, std::string* value_out, std::size_t low_bytes,
                        std::size_t high_bytes) {
  const Json* found = value(member);
  if (found == nullptr) return;
  auto read = read_string(*found, pointer_of(member), low_bytes, high_bytes);
  if (!read.is_ok()) return fail(read.status());
  *value_out = std::move(read).value();
}

void MemberReader::number(std::string_view member, double* value_out, double low, double high) {
  const Json* found = value(member);
  if (found == nullptr) return;
  std::ostringstream expected;
  expected << "a number from " << low << " to " << high;
  if (!found->is_number()) return fail(json_fault(*found, pointer_of(member), expected.str()));
  const double read = found->get<double>();
  if (!(read >= low && read <= high)) return fail(json_fault(*found, pointer_of(member), expected.str()));
  *value_out = read;
}

void MemberReader::time(std::string_view member, TimestampMs* value_out) {
  const Json* found = value(member);
  if (found == nullptr) return;
  if (found->is_number_integer()) {
    const double ms = found->get<double>();  // wide enough for what no TimestampMs holds
    if (looks_like_seconds(ms)) {
      return fail(json_fault(*found, pointer_of(member),
                             "Unix milliseconds (the number looks like seconds; multiply it by 1000) or RFC 3339"));
    }
    if (ms >= static_cast<double>(kMinTimestampMs) && ms <= static_cast<double>(kMaxTimestampMs)) {
      *value_out = given_time(found->get<TimestampMs>());
      return;
    }
  }
  if (found->is_string()) {
    if (const auto parsed = parse_rfc3339(found->get_ref<const std::string&>()); parsed.is_ok()) {
      *value_out = given_time(*parsed);
      return;
    }
  }
  fail(json_fault(*found, pointer_of(member), "a time in the years 0001 to 9999, RFC 3339 or Unix milliseconds"));
}

void MemberReader::filter(std::string_view member, Filter* value_out) {
  const Json* found = value(member);
  if (found == nullptr) return;
  auto read = parse_filter(to_text(*found));
  if (!read.is_ok()) {
    Status fault = read.status();
    return fail(std::move(fault).at_field(pointer_of(member) + read.status().field()));
  }
  *value_out = std::move(read).value();
}

}  // namespace tamis::engine
