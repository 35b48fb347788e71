// TwoTowerModel: a user tower over the pooled history, the user's id, profile and context, and an item tower over the
// item's id and features; their dot product (or cosine) scores.
//
// After YoutubeDNN (Covington et al. 2016, doi:10.1145/2959100.2959190), Yi et al. 2019 (doi:10.1145/3298689.3346996)
// and SimpleX (Mao et al. 2021, arXiv:2109.12613). Every input is optional: with ids alone it is a collaborative
// filter, with features alone new items get vectors before their first interaction.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/feature.h"
#include "models/two_tower/feature_tokens.h"
#include "models/two_tower/tower.h"
#include "models/two_tower/two_tower_options.h"

namespace tamis::models {

// What both training and serving make a row of inputs from. A tower's bags stand in the order of its tables.
class TwoTowerModel {
 public:
  enum UserTable : std::size_t { kHistory, kHistoryFeatures, kUserId, kUserFeatures, kUserTables };
  enum ItemTable : std::size_t { kItemId, kItemFeatures, kItemTables };

  // The item tower's table that the user tower reads for a history where options().shared_history.
  static ItemTable lender(UserTable table) { return table == kHistory ? kItemId : kItemFeatures; }

  // Features are spans of [users] and [items], or empty; `contexts` are those that requests may have, or empty.
  TwoTowerModel(const TwoTowerOptions& options, std::uint32_t users, std::uint32_t items,
                std::span<const Features> user_features, std::span<const Features> item_features,
                std::span<const Features> contexts = {});

  // As trained elsewhere: what the features were turned into. The towers start as zeros where init_stddev is 0.
  struct Inputs {
    FeatureTokens user_tokens, item_tokens;
    nn::Bags item_bags;          // the feature tokens of each item, or no bags
    bool user_features = false;  // whether the user tower reads profiles and contexts
  };
  TwoTowerModel(const TwoTowerOptions& options, std::uint32_t users, std::uint32_t items, Inputs inputs);

  // One row of the user tower. `history` has distinct items; the newest max_history are its last.
  struct UserRow {
    std::span<const std::uint32_t> history;
    const std::uint32_t* user = nullptr;  // null: a stranger, or the id is dropped
    const Features* profile = nullptr;
    const Features* context = nullptr;
  };
  void append_user(const UserRow& row, std::span<nn::Bags> inputs) const;
  void append_item(std::uint32_t item, bool with_id, std::span<nn::Bags> inputs) const;
  void append_new_item(const Features& features, std::span<nn::Bags> inputs) const;
  bool item_has_features(std::uint32_t item) const;

  const TwoTowerOptions& options() const { return options_; }
  const Inputs& inputs() const { return inputs_; }
  bool embeds_new_items() const { return !inputs_.item_bags.ids.empty(); }
  std::uint32_t users() const { return users_; }
  std::uint32_t items() const { return items_; }
  Tower& user_tower() { return user_tower_; }
  Tower& item_tower() { return item_tower_; }
  const Tower& user_tower() const { return user_tower_; }
  const Tower& item_tower() const { return item_tower_; }

 private:
  TwoTowerOptions options_;
  std::uint32_t users_, items_;
  Inputs inputs_;
  Tower user_tower_, item_tower_;
};

}  // namespace tamis::models
