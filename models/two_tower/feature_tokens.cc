#include "models/two_tower/feature_tokens.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/feature_reading.h"
#include "models/content/text_tokens.h"
#include "models/value_scale.h"

namespace tamis::models {
namespace {

constexpr double kLargestDeviation = 3;
constexpr double kLargestNumber = 1e100;  // keeps means and squares finite

std::optional<double> as_number(const FeatureValue& value) {
  const std::optional<double> number = number_of(value);
  return number ? std::optional(std::clamp(*number, -kLargestNumber, kLargestNumber)) : std::nullopt;
}

}  // namespace

void FeatureTokens::fit(std::initializer_list<std::span<const Features>> groups) {
  std::map<std::string, std::vector<double>, std::less<>> numbers;
  const auto look_at = [&](const Features& entity) {
    for (const auto& [name, value] : entity)
      if (const std::optional<double> number = as_number(value)) numbers[name].push_back(*number);
  };
  for (const auto group : groups) std::for_each(group.begin(), group.end(), look_at);
  numeric_.clear();
  for (const auto& [name, values] : numbers) {
    const ValueScale scale = measure_values(values);
    double count = 0, mean = 0, squares = 0;  // Welford 1962
    for (const double value : values) {
      const double clipped = scale.clip(value);  // what is far out would drown the others
      const double difference = clipped - mean;
      mean += difference / ++count;
      squares += difference * (clipped - mean);
    }
    const double deviation = std::sqrt(squares / count);
    numeric_[name] = {.mean = mean, .deviation = deviation > 0 && std::isfinite(deviation) ? deviation : 1};
  }
}

void FeatureTokens::append(std::string_view scope, const Features& features, nn::Bags& bags) const {
  for (const auto& [name, value] : features) {
    if (const std::optional<double> number = as_number(value)) {
      const auto known = numeric_.find(name);
      if (known == numeric_.end()) continue;  // a scale that was never seen says nothing
      const double scaled = (*number - known->second.mean) / known->second.deviation;
      bags.add(bucket(scope, name, ""), static_cast<float>(std::clamp(scaled, -kLargestDeviation, kLargestDeviation)));
    } else {
      std::vector<std::string> words;
      visit_categories(value, [&](std::string_view category) { words.emplace_back(category); });
      if (const auto* prose = std::get_if<Text>(&value)) words = words_of(prose->text);
      const float weight = 1 / std::sqrt(static_cast<float>(std::max<std::size_t>(words.size(), 1)));
      for (const std::string& word : words) bags.add(bucket(scope, name, word), weight);
    }
  }
}

std::uint32_t FeatureTokens::bucket(std::string_view scope, std::string_view field, std::string_view value) const {
  const std::uint64_t hash = hash_text(value, hash_text(field, hash_text(scope, 0)));
  return static_cast<std::uint32_t>((hash >> 32) * buckets_ >> 32);
}

std::string FeatureTokens::to_json() const {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [name, numeric] : numeric_) json[name] = {numeric.mean, numeric.deviation};
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<FeatureTokens> FeatureTokens::from_json(std::uint32_t buckets, std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return Status::corruption("numeric fields are no JSON object");
  FeatureTokens tokens(std::max(1U, buckets));
  for (const auto& [name, value] : json.items()) {
    const bool pair = value.is_array() && value.size() == 2 && value[0].is_number() && value[1].is_number();
    if (!pair || !(value[1].get<double>() > 0)) {
      return Status::corruption("numeric field " + name + " is " + value.dump() + ", expected [mean, deviation > 0]");
    }
    tokens.numeric_[name] = {.mean = value[0].get<double>(), .deviation = value[1].get<double>()};
  }
  return tokens;
}

}  // namespace tamis::models
