#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "client/wire.h"

namespace tamis::client {
namespace {

template <typename Number>
void append_number(std::string* out, Number value) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  out->append(text, end);
}

void append_quoted(std::string* out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  if (!is_valid_utf8(text)) {
    *out += nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return;
  }
  *out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      *out += '\\';
      *out += c;
    } else if (c == '\n') {
      *out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      *out += "\\u00";
      *out += kHex[byte >> 4];
      *out += kHex[byte & 15];
    } else {
      *out += c;
    }
  }
  *out += '"';
}

void append_feature(std::string* out, const FeatureValue& value) {
  struct Append {
    std::string* out;
    void operator()(bool flag) const { *out += flag ? "true" : "false"; }
    void operator()(double number) const { *out += number_to_json(number); }
    void operator()(const Timestamp& timestamp) const { append_quoted(out, format_rfc3339(timestamp.ms)); }
    void operator()(const std::string& category) const { append_quoted(out, category); }
    void operator()(const Text& text) const { append_quoted(out, text.text); }
    void operator()(const std::vector<std::string>& set) const {
      *out += '[';
      for (std::size_t i = 0; i < set.size(); ++i) {
        if (i > 0) *out += ',';
        append_quoted(out, set[i]);
      }
      *out += ']';
    }
  };
  std::visit(Append{out}, value);
}

void append_features(std::string* out, const Features& features) {
  *out += '{';
  bool first = true;
  for (const auto& [name, value] : features) {
    if (!first) *out += ',';
    first = false;
    append_quoted(out, name);
    *out += ':';
    append_feature(out, value);
  }
  *out += '}';
}

// Unix milliseconds; as text near 1970, where the server takes a bare number for seconds.
void append_time(std::string* out, TimestampMs timestamp_ms) {
  if (looks_like_seconds(static_cast<double>(timestamp_ms))) {
    append_quoted(out, format_rfc3339(timestamp_ms));
  } else {
    append_number(out, timestamp_ms);
  }
}

}  // namespace

std::string quote_json(std::string_view text) {
  std::string out;
  append_quoted(&out, text);
  return out;
}

std::string number_to_json(double value) {
  if (!std::isfinite(value)) return "null";
  std::string out;
  append_number(&out, value);
  return out;
}

std::string features_to_json(const Features& features) {
  std::string out;
  append_features(&out, features);
  return out;
}

std::string interaction_to_json(const Interaction& interaction) {
  std::string out = "{\"user\":";
  append_quoted(&out, interaction.user);
  out += ",\"item\":";
  append_quoted(&out, interaction.item);
  out += ",\"type\":";
  append_quoted(&out, interaction.type);
  if (interaction.value) out += ",\"value\":" + number_to_json(*interaction.value);
  if (interaction.timestamp_ms != kNoTime) {
    out += ",\"timestamp\":";
    append_time(&out, interaction.timestamp_ms);
  }
  if (!interaction.context.empty()) {
    out += ",\"context\":";
    append_features(&out, interaction.context);
  }
  if (!interaction.recommendation_id.empty()) {
    out += ",\"recommendation_id\":";
    append_quoted(&out, interaction.recommendation_id);
  }
  if (!interaction.idempotency_key.empty()) {
    out += ",\"idempotency_key\":";
    append_quoted(&out, interaction.idempotency_key);
  }
  if (!interaction.import_id.empty()) {
    out += ",\"import_id\":";
    append_quoted(&out, interaction.import_id);
  }
  out += '}';
  return out;
}

std::string entity_to_json(const Entity& entity) {
  std::string out = "{\"id\":";
  append_quoted(&out, entity.id);
  out += ",\"features\":";
  append_features(&out, entity.features);
  if (entity.expires_ms != 0) {
    out += ",\"expires_at\":";
    append_time(&out, entity.expires_ms);
  }
  if (entity.version != 0) out += ",\"version\":" + std::to_string(entity.version);
  if (entity.hidden) out += ",\"hidden\":true";
  out += '}';
  return out;
}

std::string vector_to_json(const VectorRow& row) {
  std::string out = row.kind == EntityKind::kItem ? "{\"item\":" : "{\"user\":";
  append_quoted(&out, row.id);
  out += ",\"vector\":[";
  for (std::size_t i = 0; i < row.vector.size(); ++i) {
    if (i > 0) out += ',';
    if (std::isfinite(row.vector[i])) {
      append_number(&out, row.vector[i]);
    } else {
      out += "null";  // refused by the server, with the line's number
    }
  }
  out += ']';
  if (row.version != 0) out += ",\"version\":" + std::to_string(row.version);
  out += '}';
  return out;
}

}  // namespace tamis::client
