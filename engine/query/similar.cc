// similar(): what is like one item or one user.
#include "engine/funnel/funnel_names.h"
#include "engine/query/query.h"
#include "engine/query/request_checks.h"
#include "engine/query/scored_answer.h"
#include "engine/retrieval/co_interaction.h"
#include "engine/retrieval/retriever.h"
#include "engine/retrieval/similar_users.h"
#include "engine/retrieval/space_search.h"
#include "engine/retrieval/user_vector.h"

namespace tamis::engine {
namespace {

// One way of finding neighbours: its name for the answer, and what it found.
struct Found {
  std::string space;
  std::vector<models::ScoredId> entities;
};

const index::VectorIndex* searched_index(const SpaceIndex& space, EntityKind kind) {
  return kind == EntityKind::kItem ? space.items.get() : space.users.get();
}

// Nearest by vector; empty where the entity has none. In a trained space users stand where their latest history puts
// them.
Result<Found> near_in_space(const ReadState& state, const SpaceIndex& space, EntityKind kind, DenseId id,
                            const UserState* user, std::size_t k, const Eligibility& is_eligible) {
  Found found{space.space.name, {}};
  const index::VectorIndex* index = searched_index(space, kind);
  if (index == nullptr) return found;
  std::vector<float> vector;
  if (kind == EntityKind::kUser && find_encoder(state, space) != nullptr)
    vector = find_user_vector(state, space, *user).values;
  if (vector.empty()) vector = stored_vector(index, space.space.dim, id);
  if (vector.empty()) return found;
  TAMIS_ASSIGN_OR_RETURN(found.entities, search_eligible(*index, vector, k, is_eligible,
                                                         {.ef = 0, .filter = nullptr, .exact = state.exact_search}));
  return found;
}

Found neighbours_from_table(const Generation& generation, DenseId item, std::size_t k, const Eligibility& is_eligible) {
  Found found{"item_knn", {}};
  if (!generation.item_neighbors) return found;
  const Vocabulary& vocabulary = generation.vocabulary("item_knn");
  const std::uint32_t row = vocabulary.row_of(EntityKind::kItem, item);
  if (row == kNoDenseId) return found;
  const auto neighbors = generation.item_neighbors->row_neighbors(row);
  const auto similarities = generation.item_neighbors->row_similarities(row);
  for (std::size_t n = 0; n < neighbors.size() && found.entities.size() < k; ++n) {
    const DenseId id = vocabulary.items[neighbors[n]];
    if (is_eligible(id)) found.entities.push_back({id, similarities[n]});
  }
  return found;
}

Found users_alike(const Generation& generation, const UserState& user, std::size_t k, const Eligibility& is_eligible) {
  Found found{"user_knn", {}};
  if (!has_user_knn(generation)) return found;
  const Vocabulary& vocabulary = generation.vocabulary("user_knn");
  collect_eligible(
      is_eligible, k,
      [&](std::size_t depth) {
        auto rows = find_similar_user_rows(generation, user, depth);
        for (models::ScoredId& row : rows) row.id = vocabulary.users[row.id];
        return rows;
      },
      &found.entities);
  return found;
}

// The first of several ways that finds anything: the trained model of the kind, "ials", any other space that holds the
// entity and, for items, live co-interactions.
Result<Found> find_somehow(const ReadState& state, EntityKind kind, DenseId id, const UserState* user, std::size_t k,
                           const Eligibility& is_eligible) {
  const bool is_item = kind == EntityKind::kItem;
  Found first{is_item ? "item_knn" : "user_knn", {}};
  if (state.generation != nullptr) {
    first = is_item ? neighbours_from_table(*state.generation, id, k, is_eligible)
                    : users_alike(*state.generation, *user, k, is_eligible);
    if (!first.entities.empty()) return first;
  }
  if (const SpaceIndex* space = find_space(state, kDefaultSpace)) {
    TAMIS_ASSIGN_OR_RETURN(Found found, near_in_space(state, *space, kind, id, user, k, is_eligible));
    if (!found.entities.empty()) return found;
  }
  if (is_item) {
    TAMIS_ASSIGN_OR_RETURN(first.entities, find_co_interacted(state, id, k, is_eligible));
    if (!first.entities.empty()) return first;
  }
  for (const auto& [name, space] : state.spaces) {
    TAMIS_ASSIGN_OR_RETURN(Found found, near_in_space(state, *space, kind, id, user, k, is_eligible));
    if (!found.entities.empty()) return found;
  }
  return first;
}

}  // namespace

Result<ScoredAnswer> similar(const ReadState& state, const SimilarRequest& request, Sequence sequence) {
  TAMIS_RETURN_IF_ERROR(check_k(request.k));
  TAMIS_RETURN_IF_ERROR(validate_external_id(request.id, "id"));
  TAMIS_RETURN_IF_ERROR(validate_filter(request.filter));
  const bool is_item = request.kind == EntityKind::kItem;
  const TimestampMs now_ms = state.options->clock->now_ms();
  const EntityTable& table = is_item ? *state.items : *state.users;
  const storage::IdTable& ids = state.store->ids(request.kind);
  const auto id = ids.find(request.id);
  if (!id || !table.is_live(*id, now_ms))
    return Status::not_found(std::string("there is no ") + (is_item ? "item" : "user") + " \"" + request.id + "\"")
        .at_field("id");

  UserState user;
  if (!is_item) {
    TAMIS_ASSIGN_OR_RETURN(user, load_user_state(state, request.id, {}, now_ms));
  }
  Eligibility eligibility(table, is_item ? *state.item_attributes : *state.user_attributes, request.filter, ids.size(),
                          now_ms);
  eligibility.exclude(*id);
  const SpaceIndex* space = request.space.empty() ? nullptr : find_space(state, request.space);
  Found found;
  if (space != nullptr) {
    TAMIS_ASSIGN_OR_RETURN(found, near_in_space(state, *space, request.kind, *id, &user, request.k, eligibility));
  } else if (request.space.empty()) {
    TAMIS_ASSIGN_OR_RETURN(found, find_somehow(state, request.kind, *id, &user, request.k, eligibility));
  } else {
    return Status::not_found("there is no space \"" + request.space.substr(0, 64) + "\"").at_field("space");
  }
  return make_scored_answer(state, request.kind, std::move(found.space), found.entities, request.with_features, now_ms,
                            sequence);
}

}  // namespace tamis::engine
