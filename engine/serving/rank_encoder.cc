#include "engine/serving/rank_encoder.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "common/clock.h"

namespace tamis::engine {
namespace {

using ranker::Columns;
using ranker::ExampleTable;
using ranker::Field;
using ranker::FieldSide;

constexpr TimestampMs kFirstMondayMs = 4 * kDayMs;  // 1970-01-05

std::optional<FeatureValue> feature_of(const Features* features, const std::string& name) {
  if (features == nullptr) return std::nullopt;
  const auto found = features->find(name);
  if (found == features->end()) return std::nullopt;
  return found->second;
}

Status check_field(const Field& field, const RankFeature& feature, std::size_t position) {
  if (feature.side() == field.side && (!feature.is_computed_number() || field.is_numeric())) return Status::ok();
  return Status::invalid_argument("\"" + field.name + "\" is declared as a " +
                                  std::string(ranker::field_kind_name(field.kind)) + " field of side " +
                                  std::string(ranker::field_side_name(field.side)) + ", expected side " +
                                  std::string(ranker::field_side_name(feature.side())) +
                                  (feature.is_computed_number() ? " and a number" : ""))
      .at_field("fields[" + std::to_string(position) + "]");
}

}  // namespace

std::optional<FeatureValue> item_value(const RankFeature& feature, std::string_view id, const Features* features) {
  if (feature.source == RankSource::kItemId) return FeatureValue(std::string(id));
  return feature_of(features, feature.argument);
}

std::optional<FeatureValue> request_value(const RankFeature& feature, const RankQuery& query) {
  switch (feature.source) {
    case RankSource::kUserId: return FeatureValue(std::string(query.user_id));
    case RankSource::kUserFeature: return feature_of(query.user, feature.argument);
    case RankSource::kContextFeature: return feature_of(query.context, feature.argument);
    case RankSource::kContextHour: return FeatureValue(std::to_string(query.asked_ms / kHourMs % 24));
    case RankSource::kContextWeekday: {
      const TimestampMs since_monday = query.asked_ms - kFirstMondayMs;
      return FeatureValue(std::to_string((since_monday / kDayMs % 7 + 7) % 7));
    }
    default: {
      const double number = history_number(feature, query);
      if (!std::isfinite(number)) return std::nullopt;
      return FeatureValue(number);
    }
  }
}

Result<RankEncoder> RankEncoder::create(ranker::FeatureEncoder encoder) {
  RankEncoder result;
  const auto& fields = encoder.schema().fields();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    auto feature = parse_rank_feature(fields[i].name);
    if (!feature.is_ok()) return Status(feature.status()).at_field("fields[" + std::to_string(i) + "].name");
    TAMIS_RETURN_IF_ERROR(check_field(fields[i], *feature, i));
    switch (feature->side()) {
      case FieldSide::kItem: result.items_.push_back(*std::move(feature)); break;
      case FieldSide::kCrossed: {
        const auto& numeric = encoder.schema().numeric_fields();
        result.crossed_numeric_.push_back(
            static_cast<std::size_t>(std::find(numeric.begin(), numeric.end(), i) - numeric.begin()));
        result.crossed_.push_back(*std::move(feature));
        break;
      }
      default: result.user_and_context_.push_back(*std::move(feature));
    }
  }
  result.encoder_ = std::move(encoder);
  return result;
}

void RankEncoder::append_item(std::string_view id, const Features* features, ExampleTable& table) const {
  Features named;
  for (const RankFeature& feature : items_)
    if (auto value = item_value(feature, id, features)) named.emplace(feature.name, *std::move(value));
  encoder_.append(named, Columns::kItem, table);
}

ExampleTable RankEncoder::encode_request(const RankQuery& query) const {
  Features named;
  for (const RankFeature& feature : user_and_context_)
    if (auto value = request_value(feature, query)) named.emplace(feature.name, *std::move(value));
  ExampleTable table = encoder_.make_table(Columns::kUserAndContext);
  encoder_.append(named, Columns::kUserAndContext, table);
  return table;
}

ExampleTable RankEncoder::encode_crossed(std::span<const double> numbers, std::size_t rows) const {
  ExampleTable table = encoder_.make_table(Columns::kCrossed);
  const auto& fields = schema().fields();
  const auto& numeric = schema().numeric_fields();
  table.rows = rows;
  table.numeric.assign(rows * numeric.size(), 0.0F);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t f = 0; f < crossed_.size(); ++f)
      table.numeric[row * numeric.size() + crossed_numeric_[f]] =
          ranker::normalize(fields[numeric[crossed_numeric_[f]]], numbers[row * crossed_.size() + f]);
  }
  return table;
}

}  // namespace tamis::engine
