// RankEncoder: a ranker's declared features with their vocabularies: turns items, requests and candidates into the
// columns that a Dlrm learns from and scores.
#pragma once

#include <string_view>
#include <vector>

#include "engine/serving/rank_feature.h"
#include "engine/serving/rank_numbers.h"
#include "engine/serving/rank_query.h"
#include "ranker/example_table.h"
#include "ranker/feature_encoder.h"

namespace tamis::engine {

// Immutable; thread-safe.
class RankEncoder {
 public:
  // Of a ranker's file. invalid_argument where the schema names a field that the engine cannot fill, or holds one of
  // its numbers as a category; field is that of the schema.
  static Result<RankEncoder> create(ranker::FeatureEncoder encoder);

  const ranker::FeatureEncoder& encoder() const { return encoder_; }
  const ranker::FeatureSchema& schema() const { return encoder_.schema(); }
  // The crossed features, in the order of the numbers that encode_crossed() takes.
  std::span<const RankFeature> crossed() const { return crossed_; }

  // One item; `features` may be null. Appends to a table made by make_table(Columns::kItem).
  void append_item(std::string_view id, const Features* features, ranker::ExampleTable& table) const;
  // One row of user and context.
  ranker::ExampleTable encode_request(const RankQuery& query) const;
  // crossed_numbers() of `rows` candidates, normalised.
  ranker::ExampleTable encode_crossed(std::span<const double> numbers, std::size_t rows) const;

 private:
  RankEncoder() = default;

  ranker::FeatureEncoder encoder_;
  std::vector<RankFeature> user_and_context_;
  std::vector<RankFeature> items_;
  std::vector<RankFeature> crossed_;
  std::vector<std::size_t> crossed_numeric_;  // of each crossed feature: its place among schema().numeric_fields()
};

// The value of one feature of an item, or of a user and context, as FeatureEncoder takes it; nothing where it is
// unknown.
std::optional<FeatureValue> item_value(const RankFeature& feature, std::string_view id, const Features* features);
std::optional<FeatureValue> request_value(const RankFeature& feature, const RankQuery& query);

}  // namespace tamis::engine
