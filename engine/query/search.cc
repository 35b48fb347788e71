// search(): nearest entities of a vector, of a text, or of an entity that has a vector.
#include "engine/query/query.h"
#include "engine/query/request_checks.h"
#include "engine/query/scored_answer.h"
#include "engine/retrieval/retriever.h"
#include "engine/retrieval/space_search.h"
#include "engine/retrieval/user_vector.h"
#include "index/vector_check.h"

namespace tamis::engine {
namespace {

constexpr std::uint32_t kMaxEf = 10'000;
constexpr std::size_t kMaxTextBytes = 65'536;

const char* kind_name(EntityKind kind) { return kind == EntityKind::kItem ? "item" : "user"; }

// The vector of the query entity and its dense id.
struct Query {
  std::vector<float> vector;
  DenseId id = kNoDenseId;
};

Result<Query> query_of_entity(const ReadState& state, const SpaceIndex& space, EntityKind kind, const std::string& id,
                              TimestampMs now_ms) {
  TAMIS_RETURN_IF_ERROR(validate_external_id(id, "id"));
  const bool is_item = kind == EntityKind::kItem;
  const auto dense = state.store->ids(kind).find(id);
  if (!dense || !(is_item ? state.items : state.users)->is_live(*dense, now_ms))
    return Status::not_found(std::string("there is no ") + kind_name(kind) + " \"" + id + "\"").at_field("id");
  Query query{{}, *dense};
  if (!is_item) {  // stored, or where the latest history puts them
    TAMIS_ASSIGN_OR_RETURN(const UserState user, load_user_state(state, id, {}, now_ms));
    query.vector = find_user_vector(state, space, user).values;
  }
  if (query.vector.empty())
    query.vector = stored_vector((is_item ? space.items : space.users).get(), space.space.dim, *dense);
  if (query.vector.empty())
    return Status::not_found(std::string(kind_name(kind)) + " \"" + id + "\" has no vector in space \"" +
                             space.space.name + "\"")
        .at_field("id");
  return query;
}

Result<Query> query_of_text(const ReadState& state, const SpaceIndex& space, const std::string& text) {
  if (text.size() > kMaxTextBytes)
    return Status::invalid_argument("text has " + std::to_string(text.size()) + " bytes; expected at most " +
                                    std::to_string(kMaxTextBytes))
        .at_field("text");
  const models::Encoder* encoder = find_encoder(state, space);
  if (encoder == nullptr || !encoder->embeds_texts())
    return Status::failed_precondition("no encoder of space \"" + space.space.name +
                                       "\" reads texts; search by vector, item or user, or train \"content\"")
        .at_field("text");
  Query query{std::vector<float>(space.space.dim), kNoDenseId};
  Status placed = encoder->embed_text(text, query.vector);
  if (placed.is_ok()) return query;
  // What a model server makes of us is not the asker's fault.
  if (encoder->asks_server() && placed.code() != StatusCode::kFailedPrecondition)
    return Status::unavailable(placed.message());
  return std::move(placed).at_field("text");
}

}  // namespace

Result<ScoredAnswer> search(const ReadState& state, const SearchRequest& request, Sequence sequence) {
  TAMIS_RETURN_IF_ERROR(check_k(request.k));
  if (request.ef > kMaxEf)
    return Status::invalid_argument("ef is " + std::to_string(request.ef) + "; expected 0 to " + std::to_string(kMaxEf))
        .at_field("ef");
  TAMIS_RETURN_IF_ERROR(validate_filter(request.filter));
  const auto found_space = state.spaces.find(request.space);
  if (found_space == state.spaces.end())
    return Status::not_found("there is no space \"" + request.space.substr(0, 64) + "\"").at_field("space");
  const SpaceIndex& space = *found_space->second;
  const TimestampMs now_ms = state.options->clock->now_ms();

  Query query;
  if (!request.text.empty()) {
    TAMIS_ASSIGN_OR_RETURN(query, query_of_text(state, space, request.text));
  } else if (const auto* vector = std::get_if<std::vector<float>>(&request.query)) {
    TAMIS_RETURN_IF_ERROR(index::check_vector(*vector, space.space.dim, "vector"));
    query.vector = *vector;
  } else {
    TAMIS_ASSIGN_OR_RETURN(
        query, query_of_entity(state, space, request.query_kind, *std::get_if<std::string>(&request.query), now_ms));
  }

  const bool is_item = request.kind == EntityKind::kItem;
  Eligibility eligibility(is_item ? *state.items : *state.users,
                          is_item ? *state.item_attributes : *state.user_attributes, request.filter,
                          state.store->ids(request.kind).size(), now_ms);
  if (request.query_kind == request.kind) eligibility.exclude(query.id);  // no entity is news to itself
  std::vector<models::ScoredId> found;
  if (const auto& index = is_item ? space.items : space.users; index != nullptr) {
    TAMIS_ASSIGN_OR_RETURN(
        found, search_eligible(*index, query.vector, request.k, eligibility,
                               {.ef = request.ef, .filter = nullptr, .exact = request.exact || state.exact_search}));
  }
  return make_scored_answer(state, request.kind, space.space.name, found, request.with_features, now_ms, sequence);
}

}  // namespace tamis::engine
