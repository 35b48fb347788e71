// PinSageModel (Ying et al. 2018, arXiv:1806.01973): items are embedded by two convolutions over their importance
// neighbours in the graph of users and items, users by a third one over their history.
//
// Inductive: a new item is placed by its features, by neighbours that are known of it, or by both.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/feature.h"
#include "models/nn/parameters.h"
#include "models/pinsage/convolution.h"
#include "models/pinsage/pinsage_options.h"
#include "models/two_tower/feature_tokens.h"
#include "models/two_tower/tower.h"

namespace tamis::models {

// Parameters change while it is trained (externally synchronised); const functions are thread-safe between steps.
class PinSageModel {
 public:
  enum InputTable : std::size_t { kItemId, kItemFeatures, kInputTables };

  // item_features: [items] or empty.
  PinSageModel(const PinSageOptions& options, std::uint32_t items, std::span<const Features> item_features);
  // As trained elsewhere. Starts as zeros where init_stddev is 0.
  PinSageModel(const PinSageOptions& options, std::uint32_t items, FeatureTokens tokens, bool has_features);

  // One row of the inputs of a trained item, or of a new one.
  void append_item(std::uint32_t item, bool with_id, std::span<nn::Bags> inputs) const;
  void append_new_item(const Features& features, std::span<nn::Bags> inputs) const;
  bool item_has_features(std::uint32_t item) const;
  bool has_features() const { return has_features_; }

  const PinSageOptions& options() const { return options_; }
  std::uint32_t items() const { return items_; }
  const FeatureTokens& tokens() const { return tokens_; }
  Tower& input() { return input_; }
  const Tower& input() const { return input_; }
  nn::Parameters& network() { return network_; }
  const nn::Parameters& network() const { return network_; }
  const Convolution& first() const { return first_; }
  const Convolution& second() const { return second_; }
  const Convolution& user() const { return user_; }

 private:
  PinSageOptions options_;
  std::uint32_t items_;
  FeatureTokens tokens_;
  bool has_features_;
  nn::Bags item_bags_;  // the feature tokens of each trained item, or no bags
  Tower input_;
  nn::Parameters network_;
  Convolution first_, second_, user_;
};

}  // namespace tamis::models
