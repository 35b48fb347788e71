// What the ranker's score of one candidate hangs on: each feature, what the score would be without it or with another
// value, and which features work together. Plain data, for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/requests.h"

namespace tamis {

struct RankerAccountRequest {
  RecommendRequest request = {};  // the list that the item is a candidate of; of now
  std::string item = {};
  std::string objective = {};  // of the ranker; empty: its first
  Features changes = {};       // what-if: values by the ranker's feature names ("item.price")
};
inline constexpr std::size_t kMaxPairedFeatures = 12;

struct RankedFeature {
  std::string name = {};                     // "item.price", "crossed.score.ials"
  std::string side = {};                     // "user", "context", "item", "crossed"
  std::string kind = {};                     // "categorical", "bag", "numeric"
  std::optional<FeatureValue> value = {};    // none: unknown
  std::optional<FeatureValue> changed = {};  // by the request
  bool is_known = false;                     // the ranker has learned something of this value
  double without = 0;                        // probability where the value is unknown, or the mean of a number
  double effect = 0;                         // logit with the value minus logit without it
};

// All probabilities are of the objective, calibrated, 0..1.
struct RankerAccount {
  std::string user = {};
  std::string item = {};
  std::string funnel = {};
  std::string generation = {};
  Sequence sequence = 0;
  std::string objective = {};
  std::vector<std::string> objectives = {};  // that the ranker has
  std::uint32_t candidates = 0;
  std::uint32_t rank = 0;  // among the candidates, by this objective alone, from 1
  double score = 0;
  double logit = 0;
  std::optional<double> changed_score = {};
  std::optional<std::uint32_t> changed_rank = {};  // were all others as they are
  std::vector<RankedFeature> features = {};        // by falling size of the effect
  // How two of the strongest features work together: the effect of both minus the sum of their effects, on the logit.
  std::vector<std::string> paired = {};   // names
  std::vector<double> pair_effects = {};  // [paired, paired], symmetric; the diagonal holds the effects themselves
  // The network's own crosses: dot products of the vectors that stand for the features, numbers of a side in one.
  std::vector<std::string> vectors = {};  // "item.brand", "numbers of crossed"
  std::vector<double> dots = {};          // [vectors, vectors], symmetric
};

}  // namespace tamis
