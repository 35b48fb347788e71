// RankQuery: a request and its candidates as the ranker's features see them, the same when a model is learned and when
// it serves. Plain data; what it points to outlives it.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/feature.h"
#include "common/ids.h"
#include "engine/serving/vocabulary.h"
#include "models/encoder.h"
#include "models/history_model.h"
#include "models/interaction_matrix.h"
#include "models/neighbors.h"

namespace tamis::engine {

inline constexpr std::size_t kMaxRankedHistory = 500;  // newest events that features look at

// One interaction of the user. `key` names the item within the query's world (a dense id, or a row of a training set);
// `row` is the item's in the retrieval models, kNoDenseId where they do not know it.
struct RankEvent {
  std::uint32_t key = 0;
  std::uint32_t row = kNoDenseId;
  float weight = 1;
  TimestampMs timestamp_ms = 0;
};

struct RankQuery {
  std::string_view user_id;
  std::uint32_t user_key = kNoDenseId;  // within the query's world
  std::uint32_t user_row = kNoDenseId;  // in the retrieval models
  std::span<const RankEvent> events;    // oldest first; what weighs nothing is not among them
  const Features* user = nullptr;       // may be null
  const Features* context = nullptr;    // may be null
  TimestampMs now_ms = 0;               // what ages are counted up to: by the data's own clock when serving
  TimestampMs asked_ms = 0;             // of the request, for its hour and weekday
};

struct RankCandidate {
  std::uint32_t key = 0;
  std::uint32_t row = kNoDenseId;
  const Features* features = nullptr;  // may be null
  double popularity = 0;
  double trend = 0;
  TimestampMs listed_ms = 0;  // 0: unknown
};

// The retrieval models whose scores are features, by rows.
struct RankModels {
  std::vector<const models::Encoder*> encoders;
  std::vector<const models::HistoryModel*> history_models;
  const models::NeighborTable* item_neighbors = nullptr;
  const models::InteractionMatrix* interactions = nullptr;  // [users, items] with its transpose and the users' norms:
  const models::InteractionMatrix* by_item = nullptr;       // user_knn
  std::span<const float> user_norms;
  // Of models whose rows are not those of the query's world: what theirs stand for, by model. Keys are then dense ids.
  std::map<std::string, const Vocabulary*, std::less<>> vocabularies;

  // Null where the model's rows are those of the world.
  const Vocabulary* vocabulary(std::string_view model) const {
    const auto found = vocabularies.find(model);
    return found == vocabularies.end() ? nullptr : found->second;
  }
};

}  // namespace tamis::engine
