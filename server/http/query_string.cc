#include "server/http/query_string.h"

#include <algorithm>
#include <charconv>

#include "common/nearest_name.h"

namespace tamis::server {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      decoded += ' ';
    } else if (text[i] != '%') {
      decoded += text[i];
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

QueryString::QueryString(std::string_view encoded) {
  while (!encoded.empty() && status_.is_ok()) {
    const std::string_view pair = encoded.substr(0, encoded.find('&'));
    encoded.remove_prefix(std::min(encoded.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!name || !value) {
      status_ = Status::invalid_argument("the query has a broken % escape in \"" + std::string(pair.substr(0, 64)) +
                                         "\"; expected two hexadecimal digits after %");
      return;
    }
    const bool is_repeated = std::any_of(parameters_.begin(), parameters_.end(),
                                         [&](const auto& parameter) { return parameter.first == *name; });
    if (is_repeated) {
      status_ = Status::invalid_argument("query parameter " + *name + " is given twice; expected once").at_field(*name);
    }
    parameters_.emplace_back(std::move(*name), std::move(*value));
  }
}

const std::string* QueryString::find(std::string_view name) {
  known_.push_back(name);
  for (const auto& [candidate, value] : parameters_) {
    if (candidate == name) return &value;
  }
  return nullptr;
}

void QueryString::fail(std::string_view name, std::string_view value, std::string_view expected) {
  if (!status_.is_ok()) return;
  status_ = Status::invalid_argument("query parameter " + std::string(name) + " is \"" +
                                     std::string(value.substr(0, 64)) + "\"; expected " + std::string(expected))
                .at_field(std::string(name));
}

QueryString& QueryString::read_string(std::string_view name, std::string* out) {
  if (const std::string* value = find(name)) *out = *value;
  return *this;
}

QueryString& QueryString::read_string(std::string_view name, std::optional<std::string>* out) {
  if (const std::string* value = find(name)) *out = *value;
  return *this;
}

QueryString& QueryString::read_u64(std::string_view name, std::uint64_t low, std::uint64_t high, std::uint64_t* out) {
  const std::string* value = find(name);
  if (value == nullptr) return *this;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error != std::errc() || end != value->data() + value->size() || number < low || number > high) {
    fail(name, *value, "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  } else {
    *out = number;
  }
  return *this;
}

QueryString& QueryString::read_u32(std::string_view name, std::uint32_t low, std::uint32_t high, std::uint32_t* out) {
  std::uint64_t number = *out;
  read_u64(name, low, high, &number);
  *out = static_cast<std::uint32_t>(number);
  return *this;
}

QueryString& QueryString::read_bool(std::string_view name, bool* out) {
  std::optional<bool> flag;
  read_bool(name, &flag);
  if (flag) *out = *flag;
  return *this;
}

QueryString& QueryString::read_bool(std::string_view name, std::optional<bool>* out) {
  const std::string* value = find(name);
  if (value == nullptr) return *this;
  if (*value == "true" || *value == "1" || value->empty()) {
    *out = true;
  } else if (*value == "false" || *value == "0") {
    *out = false;
  } else {
    fail(name, *value, "true or false");
  }
  return *this;
}

bool QueryString::has(std::string_view name) const {
  return std::any_of(parameters_.begin(), parameters_.end(),
                     [&](const auto& parameter) { return parameter.first == name; });
}

QueryString& QueryString::refuse_renamed(std::string_view old_name, std::string_view new_name) {
  if (status_.is_ok() && has(old_name)) {
    status_ = Status::invalid_argument("query parameter " + std::string(old_name) + " is not known; it is called " +
                                       std::string(new_name))
                  .at_field(std::string(old_name));
  }
  return *this;
}

Status QueryString::finish() {
  if (!status_.is_ok()) return status_;
  for (const auto& [name, value] : parameters_) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    std::string message = "query parameter " + name.substr(0, 64) + " is not known";
    if (const std::string_view nearest = nearest_name(name, known_); !nearest.empty()) {
      message += "; did you mean " + std::string(nearest) + "?";
    } else if (known_.empty()) {
      message += "; there are none here";
    }
    return Status::invalid_argument(message).at_field(name.substr(0, 64));
  }
  return Status::ok();
}

}  // namespace tamis::server
