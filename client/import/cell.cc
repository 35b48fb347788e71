#include "client/import/cell.h"

#include <charconv>
#include <cmath>

namespace tamis::client {
namespace {

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

Status refuse(std::string_view cell, std::string_view expected, std::string_view column) {
  return Status::invalid_argument("\"" + std::string(cell.substr(0, 64)) + "\" in column " + std::string(column) +
                                  " is not " + std::string(expected))
      .at_field(std::string(column));
}

}  // namespace

Result<bool> parse_boolean(std::string_view cell, std::string_view column) {
  for (const std::string_view yes : {"true", "True", "TRUE", "1", "1.0", "yes", "y", "t"}) {
    if (cell == yes) return true;
  }
  for (const std::string_view no : {"false", "False", "FALSE", "0", "0.0", "no", "n", "f"}) {
    if (cell == no) return false;
  }
  return refuse(cell, "a boolean (true or false)", column);
}

std::optional<double> read_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<double> parse_number(std::string_view cell, std::string_view column) {
  std::string_view text = trim(cell);
  if (text.starts_with('+')) text.remove_prefix(1);
  const std::optional<double> read = read_number(text);
  if (!read || !std::isfinite(*read)) return refuse(cell, "a finite number", column);
  const double number = *read;
  const bool is_whole = text.find_first_not_of("-0123456789") == std::string_view::npos;
  if (is_whole && std::abs(number) >= kMaxExactInteger) {
    std::int64_t whole = 0;  // as a double, 2^53 + 1 is 2^53
    constexpr auto kMost = static_cast<std::int64_t>(kMaxExactInteger);
    const auto exact = std::from_chars(text.data(), text.data() + text.size(), whole);
    if (exact.ec != std::errc{} || whole > kMost || whole < -kMost)
      return refuse(cell, "a whole number of at most 2^53 either way, which a double holds exactly (a category can)",
                    column);
  }
  return number;
}

std::vector<std::string> split_cell(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(separator, begin), text.size());
    if (const std::string_view part = trim(text.substr(begin, end - begin)); !part.empty()) parts.emplace_back(part);
    begin = end + separator.size();
  }
  return parts;
}

Result<std::optional<FeatureValue>> parse_feature_cell(const FeatureMapping& mapping, std::string_view cell) {
  const std::string_view text = trim(cell);
  if (text.empty()) return std::optional<FeatureValue>();
  const std::string& column = mapping.source.column;
  switch (mapping.kind) {
    case FeatureKind::kBoolean: {
      TAMIS_ASSIGN_OR_RETURN(const bool flag, parse_boolean(text, column));
      return std::optional<FeatureValue>(FeatureValue(flag));
    }
    case FeatureKind::kNumeric: {
      TAMIS_ASSIGN_OR_RETURN(const double number, parse_number(text, column));
      return std::optional<FeatureValue>(FeatureValue(number));
    }
    case FeatureKind::kTimestamp: {
      auto moment = mapping.time_format.read(text);
      if (!moment.is_ok()) return Status(moment.status()).with_context("column " + column);
      return std::optional<FeatureValue>(FeatureValue(Timestamp{*moment}));
    }
    case FeatureKind::kMultiCategorical:
      return std::optional<FeatureValue>(FeatureValue(split_cell(text, mapping.separator)));
    case FeatureKind::kCategorical: return std::optional<FeatureValue>(FeatureValue(std::string(text)));
    case FeatureKind::kText: return std::optional<FeatureValue>(FeatureValue(Text{std::string(text)}));
  }
  return Status::internal("a feature of an unknown kind");
}

}  // namespace tamis::client
