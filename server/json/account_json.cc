#include "server/json/account_json.h"

#include <array>
#include <limits>

#include "server/json/json_reader.h"
#include "server/json/request_json.h"

namespace tamis::server {
namespace {

using simdjson::dom::element;

constexpr std::uint32_t kAnyNumber = std::numeric_limits<std::uint32_t>::max();  // bounds are check_simulation()'s

void write_ids(const std::vector<std::string>& ids, JsonWriter* json) {
  json->begin_array();
  for (const std::string& id : ids) json->value(id);
  json->end_array();
}

// Numbers [side, side] as rows.
void write_square(const std::vector<double>& numbers, std::size_t side, JsonWriter* json) {
  json->begin_array();
  for (std::size_t row = 0; row < side; ++row) {
    json->begin_array();
    for (std::size_t column = 0; column < side; ++column) json->value(numbers[row * side + column]);
    json->end_array();
  }
  json->end_array();
}

void write_loaded(const std::vector<LoadedItem>& items, JsonWriter* json) {
  json->begin_array();
  for (const LoadedItem& item : items)
    json->begin_object().field("item", item.item).field("loading", item.loading).end_object();
  json->end_array();
}

}  // namespace

Status read_user_parts(element value, const JsonPath& path, UserPartsRequest* request) {
  enum Field : std::size_t { kK, kHistory, kContext };
  static constexpr std::array<std::string_view, 3> kFields = {"k", "history", "context"};
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(value, path));
  return read_fields(object, kFields, path, [&](std::size_t index, element entry) -> Status {
    const JsonPath entry_path{.parent = &path, .name = kFields[index]};
    switch (static_cast<Field>(index)) {
      case kK: return read_u32(entry, entry_path, 1, kMaxPartNeighbors, &request->k);
      case kHistory: return read_history(entry, entry_path, &request->history);
      case kContext: return read_features(entry, entry_path, &request->context, nullptr);
    }
    return Status::ok();
  });
}

Status read_ranker_account(element value, const JsonPath& path, RankerAccountRequest* asked) {
  enum Field : std::size_t { kObjective, kChanges, kRequest };
  static constexpr std::array<std::string_view, 3> kFields = {"objective", "changes", "request"};
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(value, path));
  return read_fields(object, kFields, path, [&](std::size_t index, element entry) -> Status {
    const JsonPath entry_path{.parent = &path, .name = kFields[index]};
    switch (static_cast<Field>(index)) {
      case kObjective: return read_string(entry, entry_path, 64, &asked->objective);
      case kChanges: return read_features(entry, entry_path, &asked->changes, nullptr);
      case kRequest: {
        TAMIS_RETURN_IF_ERROR(read_recommend(entry, entry_path, &asked->request, nullptr));
        const RecommendRequest& request = asked->request;
        if (request.as_of_sequence || !request.generation.empty() || !request.cursor.empty())
          return refuse(entry_path, "of a past answer or of a later page", "a request of now");
        return Status::ok();
      }
    }
    return Status::ok();
  });
}

Result<SimulationRequest> read_simulation(element value, const JsonPath& path) {
  enum Field : std::size_t {
    kUsers,
    kItems,
    kNewItems,
    kRounds,
    kK,
    kTrainEvery,
    kExploreRounds,
    kExploreShare,
    kPositionBias,
    kSeed
  };
  static constexpr std::array<std::string_view, 10> kFields = {
      "users",       "items",          "new_items",     "rounds",        "k",
      "train_every", "explore_rounds", "explore_share", "position_bias", "seed"};
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(value, path));
  SimulationRequest request;
  const Status fields_status = read_fields(object, kFields, path, [&](std::size_t index, element entry) -> Status {
    const JsonPath entry_path{.parent = &path, .name = kFields[index]};
    switch (static_cast<Field>(index)) {
      case kUsers: return read_u32(entry, entry_path, 0, kAnyNumber, &request.users);
      case kItems: return read_u32(entry, entry_path, 0, kAnyNumber, &request.items);
      case kNewItems: return read_u32(entry, entry_path, 0, kAnyNumber, &request.new_items);
      case kRounds: return read_u32(entry, entry_path, 0, kAnyNumber, &request.rounds);
      case kK: return read_u32(entry, entry_path, 0, kAnyNumber, &request.k);
      case kTrainEvery: return read_u32(entry, entry_path, 0, kAnyNumber, &request.train_every);
      case kExploreRounds: return read_u32(entry, entry_path, 0, kAnyNumber, &request.explore_rounds);
      case kExploreShare: return read_double(entry, entry_path, &request.explore_share);
      case kPositionBias: return read_double(entry, entry_path, &request.position_bias);
      case kSeed: return read_uint(entry, entry_path, 0, std::uint64_t{1} << 53U, &request.seed);
    }
    return Status::ok();
  });
  TAMIS_RETURN_IF_ERROR(fields_status);
  TAMIS_RETURN_IF_ERROR(check_simulation(request));
  return request;
}

void write_space_factors(const SpaceFactors& factors, JsonWriter* json) {
  json->begin_object()
      .field("space", factors.space)
      .field("generation", factors.generation)
      .field("sequence", factors.sequence)
      .field("dim", factors.dim)
      .field("total", factors.total)
      .field("sampled", factors.sampled)
      .field("normalized", factors.is_normalized);
  json->key("factors").begin_array();
  for (const SpaceFactor& factor : factors.factors) {
    json->begin_object().field("share", factor.share);
    write_loaded(factor.high, &json->key("high"));
    write_loaded(factor.low, &json->key("low"));
    json->end_object();
  }
  json->end_array().key("recall").begin_array();
  for (const FactorRecall& step : factors.recall)
    json->begin_object().field("factors", step.factors).field("recall@10", step.recall).end_object();
  json->end_array().end_object();
}

void write_user_parts(const UserParts& parts, JsonWriter* json) {
  json->begin_object()
      .field("user", parts.user)
      .field("known_user", parts.known_user)
      .field("space", parts.space)
      .field("generation", parts.generation)
      .field("sequence", parts.sequence)
      .field("encoder", parts.encoder)
      .field("dim", parts.dim)
      .field("item_vectors", parts.item_vectors)
      .field("has_stored_vector", parts.has_stored_vector)
      .field("has_place", parts.has_place);
  if (!parts.note.empty()) json->field("note", parts.note);
  write_ids(parts.nearest, &json->key("nearest"));
  json->key("parts").begin_array();
  for (const UserPart& part : parts.parts) {
    json->begin_object()
        .field("part", part.part)
        .field("count", part.count)
        .field("has_place", part.has_place)
        .field("change", part.change)
        .field("replaced", part.replaced);
    write_ids(part.nearest, &json->key("nearest"));
    json->end_object();
  }
  json->end_array().key("history").begin_array();
  for (const HistoryShare& share : parts.history) {
    json->begin_object().field("item", share.item).field("weight", share.weight).field("change", share.change);
    json->end_object();
  }
  json->end_array().key("stages").begin_array();
  for (const PartStage& stage : parts.stages)
    json->begin_object().field("stage", stage.stage).field("microseconds", stage.microseconds).end_object();
  json->end_array().end_object();
}

void write_ranker_account(const RankerAccount& account, JsonWriter* json) {
  json->begin_object()
      .field("user", account.user)
      .field("item", account.item)
      .field("funnel", account.funnel)
      .field("generation", account.generation)
      .field("sequence", account.sequence)
      .field("objective", account.objective);
  write_ids(account.objectives, &json->key("objectives"));
  json->field("candidates", account.candidates)
      .field("rank", account.rank)
      .field("score", account.score)
      .field("logit", account.logit);
  if (account.changed_score) json->field("changed_score", *account.changed_score);
  if (account.changed_rank) json->field("changed_rank", *account.changed_rank);
  json->key("features").begin_array();
  for (const RankedFeature& feature : account.features) {
    json->begin_object().field("feature", feature.name).field("side", feature.side).field("kind", feature.kind);
    if (feature.value) json->key("value").feature(*feature.value);
    if (feature.changed) json->key("changed").feature(*feature.changed);
    json->field("known", feature.is_known).field("without", feature.without).field("effect", feature.effect);
    json->end_object();
  }
  json->end_array().key("pairs").begin_object();
  write_ids(account.paired, &json->key("features"));
  write_square(account.pair_effects, account.paired.size(), &json->key("effects"));
  json->end_object().key("crosses").begin_object();
  write_ids(account.vectors, &json->key("vectors"));
  write_square(account.dots, account.vectors.size(), &json->key("dots"));
  json->end_object().end_object();
}

}  // namespace tamis::server
