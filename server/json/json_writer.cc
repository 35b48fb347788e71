#include "server/json/json_writer.h"

#include <array>
#include <charconv>
#include <cmath>

#include "common/ids.h"

namespace tamis::server {
namespace {

template <typename Number>
void append_number(std::string* out, Number number) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number);
  out->append(text.data(), end.ptr);
}

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

void append_escaped(std::string* out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"': *out += "\\\""; return;
    case '\\': *out += "\\\\"; return;
    case '\n': *out += "\\n"; return;
    case '\r': *out += "\\r"; return;
    case '\t': *out += "\\t"; return;
    default:
      *out += "\\u00";
      *out += kHex[static_cast<unsigned char>(c) >> 4U];
      *out += kHex[static_cast<unsigned char>(c) & 15U];
  }
}

}  // namespace

void JsonWriter::separate() {
  if (needs_comma_) out_->push_back(',');
  needs_comma_ = true;
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_->push_back(bracket);
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_->push_back(bracket);
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_string(name);
  out_->push_back(':');
  needs_comma_ = false;
  return *this;
}

void JsonWriter::append_string(std::string_view text) {
  std::string repaired;
  if (!is_valid_utf8(text)) {
    for (const char c : text) {
      if (static_cast<unsigned char>(c) < 0x80) {
        repaired += c;
      } else {
        repaired += "\xEF\xBF\xBD";
      }
    }
    text = repaired;
  }
  out_->push_back('"');
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!needs_escape(text[i])) continue;
    out_->append(text, start, i - start);
    append_escaped(out_, text[i]);
    start = i + 1;
  }
  out_->append(text, start, text.size() - start);
  out_->push_back('"');
}

void JsonWriter::append_signed(std::int64_t number) { append_number(out_, number); }
void JsonWriter::append_unsigned(std::uint64_t number) { append_number(out_, number); }

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  append_string(text);
  return *this;
}

JsonWriter& JsonWriter::value(bool flag) {
  separate();
  *out_ += flag ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  separate();
  append_number(out_, number);
  return *this;
}

JsonWriter& JsonWriter::value(float number) {
  if (!std::isfinite(number)) return null();
  separate();
  append_number(out_, number);
  return *this;
}

JsonWriter& JsonWriter::null() {
  separate();
  *out_ += "null";
  return *this;
}

JsonWriter& JsonWriter::time(TimestampMs timestamp_ms) { return value(std::string_view(format_rfc3339(timestamp_ms))); }

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_->append(json);
  return *this;
}

JsonWriter& JsonWriter::feature(const FeatureValue& value) {
  struct Visitor {
    JsonWriter* json;
    void operator()(bool flag) const { json->value(flag); }
    void operator()(double number) const { json->value(number); }
    void operator()(Timestamp time) const { json->time(time.ms); }
    void operator()(const std::string& text) const { json->value(std::string_view(text)); }
    void operator()(const std::vector<std::string>& elements) const {
      json->begin_array();
      for (const std::string& element : elements) json->value(std::string_view(element));
      json->end_array();
    }
    void operator()(const Text& text) const { json->value(std::string_view(text.text)); }
  };
  std::visit(Visitor{this}, value);
  return *this;
}

JsonWriter& JsonWriter::features(const Features& features) {
  begin_object();
  for (const auto& [name, content] : features) key(name).feature(content);
  return end_object();
}

}  // namespace tamis::server
