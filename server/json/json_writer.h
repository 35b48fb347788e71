// JsonWriter: appends JSON to a string, commas included. Numbers are written shortest-exact; numbers that are not
// finite as null; bytes that are not UTF-8 as U+FFFD. Externally synchronised.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/feature.h"

namespace tamis::server {

class JsonWriter {
 public:
  explicit JsonWriter(std::string* out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool flag);
  JsonWriter& value(double number);
  JsonWriter& value(float number);
  template <std::integral Integer>
    requires(!std::same_as<Integer, bool>)
  JsonWriter& value(Integer number) {
    separate();
    if constexpr (std::signed_integral<Integer>) {
      append_signed(static_cast<std::int64_t>(number));
    } else {
      append_unsigned(static_cast<std::uint64_t>(number));
    }
    return *this;
  }
  JsonWriter& null();
  JsonWriter& time(TimestampMs timestamp_ms);      // RFC 3339
  JsonWriter& feature(const FeatureValue& value);  // as in an entity: times as RFC 3339
  JsonWriter& features(const Features& features);
  // JSON text that is already made.
  JsonWriter& raw(std::string_view json);

  template <typename T>
  JsonWriter& field(std::string_view name, const T& content) {
    key(name);
    return value(content);
  }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();
  void append_string(std::string_view text);
  void append_signed(std::int64_t number);
  void append_unsigned(std::uint64_t number);

  std::string* out_;
  bool needs_comma_ = false;
};

}  // namespace tamis::server
