#include "models/pinsage/pinsage.h"

#include <algorithm>
#include <utility>

namespace tamis::models {
namespace {

constexpr std::string_view kItem = "item";

FeatureTokens fitted(std::uint32_t buckets, std::span<const Features> features) {
  FeatureTokens tokens(buckets);
  tokens.fit({features});
  return tokens;
}

bool any(std::span<const Features> features) {
  return std::any_of(features.begin(), features.end(), [](const Features& entity) { return !entity.empty(); });
}

}  // namespace

PinSageModel::PinSageModel(const PinSageOptions& options, std::uint32_t items, std::span<const Features> item_features)
    : PinSageModel(options, items, fitted(options.feature_buckets, item_features), any(item_features)) {
  for (const Features& features : item_features) {
    tokens_.append(kItem, features, item_bags_);
    item_bags_.end_bag();
  }
}

PinSageModel::PinSageModel(const PinSageOptions& options, std::uint32_t items, FeatureTokens tokens, bool has_features)
    : options_(options), items_(items), tokens_(std::move(tokens)), has_features_(has_features) {
  Random random(options.seed);
  TowerOptions input{.dim = options.dim,
                     .hidden = 0,
                     .unit_norm = false,
                     .init_stddev = static_cast<float>(options.init_stddev),
                     .table_rows = std::vector<std::size_t>(kInputTables)};
  input.table_rows[kItemId] = options.item_id ? items : 0;
  input.table_rows[kItemFeatures] = has_features ? options.feature_buckets : 0;
  input_ = Tower(input, random);
  const std::size_t dim = options.dim;
  const std::size_t hidden = options.hidden;
  first_ = Convolution(network_, "first", dim, hidden, dim, true, options.rectify, random);
  second_ = Convolution(network_, "second", dim, hidden, dim, true, false, random);
  user_ = Convolution(network_, "user", dim, hidden, dim, false, false, random);
}

void PinSageModel::append_item(std::uint32_t item, bool with_id, std::span<nn::Bags> inputs) const {
  if (options_.item_id && with_id) inputs[kItemId].add(item, 1);
  if (item_bags_.size() > item) inputs[kItemFeatures].append(item_bags_, item);
  for (nn::Bags& bags : inputs) bags.end_bag();
}

void PinSageModel::append_new_item(const Features& features, std::span<nn::Bags> inputs) const {
  if (has_features_) tokens_.append(kItem, features, inputs[kItemFeatures]);
  for (nn::Bags& bags : inputs) bags.end_bag();
}

bool PinSageModel::item_has_features(std::uint32_t item) const {
  return item_bags_.size() > item && item_bags_.offsets[item + 1] > item_bags_.offsets[item];
}

}  // namespace tamis::models
