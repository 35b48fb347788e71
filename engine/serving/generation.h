// Generation: what one training run made, held in memory for serving, and its files.
//
// On disk: generations/<id>/manifest.json and *.safetensors (docs/models.md). Vocabularies are external ids, so that a
// generation can be made elsewhere; on load they are mapped to dense ids. Immutable once built: shared by pointer,
// thread-safe.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/interactions/rating_scales.h"
#include "engine/requests.h"
#include "engine/serving/vocabulary.h"
#include "models/encoder.h"
#include "models/history_model.h"
#include "models/interaction_matrix.h"
#include "models/neighbors.h"

namespace tamis::engine {

class GenerationRanker;

// What a run learns from one set of interactions, before it is a generation.
struct LearnedModels {
  std::optional<models::NeighborTable> item_neighbors;  // [items, <= neighbors]
  std::optional<models::NeighborTable> user_neighbors;  // [users, <= neighbors]
  std::vector<std::shared_ptr<const models::Encoder>> encoders;
  std::vector<std::shared_ptr<const models::HistoryModel>> history_models;
};

// Its own vocabulary is that of the members that its run learned; an inherited member has the vocabulary that it was
// learned with. Always ask vocabulary(member).
struct Generation : Vocabulary {
  GenerationInfo info;
  RatingScales rating_scales;  // by which its ratings were compared
  // Of inherited members, by member; members of one origin share theirs.
  std::map<std::string, std::shared_ptr<const Vocabulary>, std::less<>> inherited_vocabularies;

  // Each fills the space of its name; names are unique. Shared with what was read or learned: immutable.
  std::vector<std::shared_ptr<const models::Encoder>> encoders;
  std::vector<std::shared_ptr<const models::HistoryModel>> history_models;  // kinds are unique
  std::optional<models::NeighborTable> item_neighbors;
  std::optional<models::NeighborTable> user_neighbors;
  std::shared_ptr<const GenerationRanker> ranker;  // null: none was learned
  models::InteractionMatrix interactions;          // [users, items] of user_knn, as learned from: it votes over it
  models::InteractionMatrix interactions_by_item;  // its transpose
  std::vector<float> user_norms;                   // [users]
  std::uint64_t file_bytes = 0;                    // of its files: about what it takes in memory

  // The encoder by that name, or null.
  const models::Encoder* encoder(std::string_view name) const {
    for (const auto& candidate : encoders)
      if (candidate->shape().name == name) return candidate.get();
    return nullptr;
  }
  // The history model of that kind, or null.
  const models::HistoryModel* history_model(std::string_view kind) const {
    for (const auto& candidate : history_models)
      if (candidate->shape().kind == kind) return candidate.get();
    return nullptr;
  }
  // What the rows of that member's tables stand for.
  const Vocabulary& vocabulary(std::string_view member) const {
    const auto found = inherited_vocabularies.find(member);
    return found == inherited_vocabularies.end() ? *this : *found->second;
  }
  // The last write that the member can have learned from.
  Sequence sequence_of(std::string_view member) const {
    const auto found = info.inherited.find(std::string(member));
    return found == info.inherited.end() ? info.sequence : found->second.sequence;
  }
};

}  // namespace tamis::engine
