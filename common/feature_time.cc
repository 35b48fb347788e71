#include "common/feature_time.h"

#include <cmath>
#include <string>

namespace tamis {
namespace {

constexpr double kLeastSeconds = 1e8;
constexpr double kLeastMilliseconds = 1e11;  // fewer are seconds
constexpr double kEndOfMilliseconds = 1e14;
constexpr std::size_t kDateBytes = 10;  // of "2024-05-01"

std::optional<TimestampMs> time_of_number(double number) {
  if (!(number >= kLeastSeconds && number < kEndOfMilliseconds)) return std::nullopt;
  return std::llround(number < kLeastMilliseconds ? number * 1'000 : number);
}

std::optional<TimestampMs> time_of_text(std::string_view text) {
  const auto time = text.size() == kDateBytes ? parse_rfc3339(std::string(text) + "T00:00:00Z") : parse_rfc3339(text);
  if (!time.is_ok()) return std::nullopt;
  return *time;
}

}  // namespace

std::optional<TimestampMs> time_of(const FeatureValue& value) {
  if (const auto* time = std::get_if<Timestamp>(&value)) return time->ms;
  if (const auto* number = std::get_if<double>(&value)) return time_of_number(*number);
  if (const auto* word = std::get_if<std::string>(&value)) return time_of_text(*word);
  if (const auto* text = std::get_if<Text>(&value)) return time_of_text(text->text);
  return std::nullopt;
}

std::optional<TimestampMs> find_time(const Features& features, std::string_view field) {
  const auto found = features.find(field);
  return found == features.end() ? std::nullopt : time_of(found->second);
}

}  // namespace tamis
