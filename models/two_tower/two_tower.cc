#include "models/two_tower/two_tower.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tamis::models {
namespace {

constexpr std::string_view kProfile = "profile";
constexpr std::string_view kContext = "context";
constexpr std::string_view kItem = "item";

TwoTowerModel::Inputs prepare(const TwoTowerOptions& options, std::span<const Features> user_features,
                              std::span<const Features> item_features, std::span<const Features> contexts) {
  TwoTowerModel::Inputs inputs{.user_tokens = FeatureTokens(options.feature_buckets),
                               .item_tokens = FeatureTokens(options.feature_buckets),
                               .item_bags = {},
                               .user_features = !user_features.empty() || !contexts.empty()};
  inputs.user_tokens.fit({user_features, contexts});
  inputs.item_tokens.fit({item_features});
  for (const Features& features : item_features) {
    inputs.item_tokens.append(kItem, features, inputs.item_bags);
    inputs.item_bags.end_bag();
  }
  return inputs;
}

}  // namespace

TwoTowerModel::TwoTowerModel(const TwoTowerOptions& options, std::uint32_t users, std::uint32_t items,
                             std::span<const Features> user_features, std::span<const Features> item_features,
                             std::span<const Features> contexts)
    : TwoTowerModel(options, users, items, prepare(options, user_features, item_features, contexts)) {}

TwoTowerModel::TwoTowerModel(const TwoTowerOptions& options, std::uint32_t users, std::uint32_t items, Inputs inputs)
    : options_(options), users_(users), items_(items), inputs_(std::move(inputs)) {
  const std::size_t item_buckets = embeds_new_items() ? options.feature_buckets : 0;
  const std::size_t user_buckets = inputs_.user_features ? options.feature_buckets : 0;
  TowerOptions tower{.dim = options.dim,
                     .hidden = options.hidden,
                     .unit_norm = options.cosine,
                     .init_stddev = static_cast<float>(options.init_stddev),
                     .table_rows = std::vector<std::size_t>(kUserTables)};
  tower.table_rows[kHistory] = options.item_id && !options.shared_history ? items : 0;
  tower.table_rows[kHistoryFeatures] = options.shared_history ? 0 : item_buckets;
  tower.table_rows[kUserId] = options.user_id ? users : 0;
  tower.table_rows[kUserFeatures] = user_buckets;
  Random random(options.seed);
  user_tower_ = Tower(tower, random);
  tower.table_rows = std::vector<std::size_t>(kItemTables);
  tower.table_rows[kItemId] = options.item_id ? items : 0;
  tower.table_rows[kItemFeatures] = item_buckets;
  item_tower_ = Tower(tower, random);
  if (!options.shared_history) return;
  for (const UserTable table : {kHistory, kHistoryFeatures}) {
    user_tower_.borrow_table(table, item_tower_, lender(table));
  }
}

void TwoTowerModel::append_user(const UserRow& row, std::span<nn::Bags> inputs) const {
  const auto newest = row.history.last(std::min<std::size_t>(row.history.size(), options_.max_history));
  const auto length = static_cast<float>(std::max<std::size_t>(newest.size(), 1));
  const float weight = std::pow(length, -static_cast<float>(options_.history_exponent));
  for (const std::uint32_t item : newest) {
    if (options_.item_id) inputs[kHistory].add(item, weight);
    if (embeds_new_items()) inputs[kHistoryFeatures].append(inputs_.item_bags, item, weight);
  }
  if (options_.user_id && row.user != nullptr) inputs[kUserId].add(*row.user, 1);
  if (inputs_.user_features && row.profile != nullptr)
    inputs_.user_tokens.append(kProfile, *row.profile, inputs[kUserFeatures]);
  if (inputs_.user_features && row.context != nullptr)
    inputs_.user_tokens.append(kContext, *row.context, inputs[kUserFeatures]);
  for (nn::Bags& bags : inputs) bags.end_bag();
}

void TwoTowerModel::append_item(std::uint32_t item, bool with_id, std::span<nn::Bags> inputs) const {
  if (options_.item_id && with_id) inputs[kItemId].add(item, 1);
  if (embeds_new_items()) inputs[kItemFeatures].append(inputs_.item_bags, item);
  for (nn::Bags& bags : inputs) bags.end_bag();
}

void TwoTowerModel::append_new_item(const Features& features, std::span<nn::Bags> inputs) const {
  if (embeds_new_items()) inputs_.item_tokens.append(kItem, features, inputs[kItemFeatures]);
  for (nn::Bags& bags : inputs) bags.end_bag();
}

bool TwoTowerModel::item_has_features(std::uint32_t item) const {
  return inputs_.item_bags.size() > item && inputs_.item_bags.offsets[item + 1] > inputs_.item_bags.offsets[item];
}

}  // namespace tamis::models
