// Generation: what one training run made, held in memory for serving, and its files.
//
// On disk: generations/<id>/manifest.json and *.safetensors (docs/models.md). Vocabularies are external ids, so that a
// generation can be made elsewhere; on load they are mapped to dense ids. Immutable once built: shared by pointer,
// thread-safe.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "engine/requests.h"
#include "models/encoder.h"
#include "models/history_model.h"
#include "models/interaction_matrix.h"
#include "models/neighbors.h"

namespace tamis::engine {

class GenerationRanker;

struct Generation {
  GenerationInfo info;

  // The vocabulary: row r of every table below is the user (item) with dense id users[r] (items[r]).
  std::vector<DenseId> users;
  std::vector<DenseId> items;
  // The reverse, by dense id; kNoDenseId where the entity is newer than the generation.
  std::vector<DenseId> user_rows;
  std::vector<DenseId> item_rows;

  // Each fills the space of its name; names are unique. Shared with what was read or learned: immutable.
  std::vector<std::shared_ptr<const models::Encoder>> encoders;
  std::vector<std::shared_ptr<const models::HistoryModel>> history_models;  // kinds are unique
  std::optional<models::NeighborTable> item_neighbors;
  std::optional<models::NeighborTable> user_neighbors;
  std::shared_ptr<const GenerationRanker> ranker;  // null: none was learned
  models::InteractionMatrix interactions;          // [users, items] as learned from: user-kNN votes over it
  models::InteractionMatrix interactions_by_item;  // its transpose
  std::vector<float> user_norms;                   // [users]

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
  // kNoDenseId where the generation does not know the entity.
  std::uint32_t row_of(EntityKind kind, DenseId id) const {
    const std::vector<DenseId>& rows = kind == EntityKind::kUser ? user_rows : item_rows;
    return id < rows.size() ? rows[id] : kNoDenseId;
  }
};

}  // namespace tamis::engine
