#include "engine/snapshot/recorded_queries.h"

#include <algorithm>
#include <utility>

#include "engine/live/space_index.h"
#include "engine/query/query.h"
#include "engine/query/query_cost.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kUsers = 8;
constexpr std::size_t kSearchesPerSpace = 3;
constexpr std::uint32_t kRecommended = 20;
constexpr std::uint32_t kFound = 10;
constexpr double kListsPerItemUs = 0.1;  // to bring popular, trending and latest up to date

// About `count` ids spread over all that `accept` takes.
template <typename Accept>
std::vector<std::string> spread(const storage::IdTable& ids, std::size_t count, const Accept& accept) {
  std::vector<std::string> chosen;
  const std::size_t stride = std::max<std::size_t>(1, ids.size() / count);
  for (std::size_t id = 0; id < ids.size() && chosen.size() < count; id += stride) {
    if (accept(static_cast<DenseId>(id))) chosen.push_back(ids.name(static_cast<DenseId>(id)));
  }
  return chosen;
}

Result<std::vector<std::string>> answer_recommendation(const ReadState& state, TimestampMs now_ms,
                                                       const RecordedQuery& query) {
  RecommendRequest request;
  request.user = query.id;
  request.k = query.k;
  request.as_of_ms = now_ms;
  TAMIS_ASSIGN_OR_RETURN(const RecommendAnswer answer, recommend(state, request, 0, nullptr));
  std::vector<std::string> items;
  for (const auto& item : answer.items) items.push_back(item.item);
  return items;
}

Result<std::vector<std::string>> answer_search(const ReadState& state, const RecordedQuery& query) {
  SearchRequest request;
  request.space = query.space;
  request.query = query.id;
  request.k = query.k;
  request.exact = true;
  TAMIS_ASSIGN_OR_RETURN(const ScoredAnswer answer, search(state, request, 0));
  std::vector<std::string> items;
  for (const auto& item : answer.items) items.push_back(item.id);
  return items;
}

Result<std::vector<std::string>> answer_of(const ReadState& state, TimestampMs now_ms, const RecordedQuery& query) {
  return query.space.empty() ? answer_recommendation(state, now_ms, query) : answer_search(state, query);
}

double cost_of(const ReadState& state, const RecordedQuery& query) {
  if (!query.space.empty()) return exact_search_cost_us(state, query.space);
  RecommendRequest request;
  request.user = query.id;
  request.k = query.k;
  return recommend_cost_us(state, request);
}

ReadState exact_copy(const ReadState& state) {
  ReadState exact = state;
  exact.exact_search = true;
  return exact;
}

}  // namespace

Result<std::vector<RecordedQuery>> record_queries(const ReadState& state, TimestampMs now_ms, double budget_us) {
  std::vector<RecordedQuery> wanted;
  const double lists_cost_us = static_cast<double>(state.store->ids(EntityKind::kItem).size()) * kListsPerItemUs;
  if (lists_cost_us < budget_us) {
    budget_us -= lists_cost_us;
    wanted.push_back({"", "", kRecommended, {}});
    for (auto& user : spread(state.store->ids(EntityKind::kUser), kUsers,
                             [&](DenseId id) { return state.users->is_live(id, now_ms); })) {
      wanted.push_back({"", std::move(user), kRecommended, {}});
    }
  }
  for (const auto& [name, space] : state.spaces) {
    for (auto& item : spread(state.store->ids(EntityKind::kItem), kSearchesPerSpace, [&](DenseId id) {
           return state.items->is_live(id, now_ms) && space->items->contains(id);
         })) {
      wanted.push_back({name, std::move(item), kFound, {}});
    }
  }
  std::vector<RecordedQuery> queries;
  if (!wanted.empty() && wanted.front().space.empty()) state.item_statistics->refresh(now_ms);
  const ReadState exact = exact_copy(state);
  for (RecordedQuery& query : wanted) {
    const double cost_us = cost_of(exact, query);
    if (cost_us > budget_us) continue;
    budget_us -= cost_us;
    TAMIS_ASSIGN_OR_RETURN(query.answer, answer_of(exact, now_ms, query));
    queries.push_back(std::move(query));
  }
  return queries;
}

Status check_recorded_queries(const ReadState& state, TimestampMs now_ms, const std::vector<RecordedQuery>& queries) {
  state.item_statistics->refresh(now_ms);
  const ReadState exact = exact_copy(state);
  for (const RecordedQuery& query : queries) {
    const std::string what = query.space.empty() ? "the recommendations for user \"" + query.id + "\""
                                                 : "the neighbours of item \"" + query.id + "\" in " + query.space;
    auto answer = answer_of(exact, now_ms, query);
    if (!answer.is_ok()) return Status(answer.status()).with_context(what);
    if (*answer != query.answer) {
      return Status::failed_precondition(what +
                                         " differ from those recorded with the snapshot; the options must be "
                                         "those of the database that it was taken of");
    }
  }
  return Status::ok();
}

}  // namespace tamis::engine
