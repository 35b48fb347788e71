#include "engine/learn/rank_lists.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "engine/learn/learned_models.h"
#include "engine/retrieval/merge.h"
#include "engine/serving/model_scores.h"
#include "models/parallel.h"

namespace tamis::engine {
namespace {

constexpr TimestampMs kVisitGapMs = 6 * 3'600'000;  // a longer pause begins a new visit
constexpr std::size_t kTrendingQuota = 50;
constexpr double kTrendingWeight = 0.1;

// Which objectives an event reached.
std::uint32_t reached(const Dataset& dataset, std::size_t position, const std::vector<RankObjective>& objectives) {
  std::uint32_t bits = 0;
  for (std::size_t o = 0; o < objectives.size(); ++o) {
    const RankObjective& objective = objectives[o];
    const bool is_type = dataset.event_types.empty() || dataset.event_types[position] == objective.type;
    const bool is_enough = !objective.has_least || dataset.event_values.empty() ||
                           double{dataset.event_values[position]} >= objective.least_value;
    if (is_type && is_enough && dataset.events[position].is_liked()) bits |= 1U << o;
  }
  return bits;
}

struct Request {
  std::uint32_t user = 0;
  TimestampMs now_ms = 0;
};

// The moments at which lists are made, in the order of time, then of users.
std::vector<Request> find_requests(const RankWorld& world, const RankWindow& window, const RankListOptions& options) {
  std::vector<Request> requests;
  for (std::uint32_t user = 0; user < world.dataset().users.size(); ++user) {
    TimestampMs last_ms = 0;
    bool has_history = false;
    bool is_asked = false;
    for (const RankEvent& event : world.events(user)) {
      if (event.timestamp_ms >= window.end_ms) break;
      if (event.timestamp_ms < window.begin_ms) {
        has_history = true;
      } else if (has_history && !is_asked) {
        requests.push_back({user, window.begin_ms});
        is_asked = true;
        if (!options.sessions) break;
      } else if (is_asked && event.timestamp_ms - last_ms > kVisitGapMs) {
        requests.push_back({user, event.timestamp_ms});
      }
      last_ms = event.timestamp_ms;
    }
  }
  std::stable_sort(requests.begin(), requests.end(),
                   [](const Request& a, const Request& b) { return a.now_ms < b.now_ms; });
  if (requests.size() <= options.max_lists) return requests;
  std::vector<Request> kept;  // evenly over time
  for (std::size_t i = 0; i < options.max_lists; ++i) kept.push_back(requests[i * requests.size() / options.max_lists]);
  return kept;
}

CandidateList trending_at(const RankWorld& world, TimestampMs time_ms) {
  models::TopK top(4 * kTrendingQuota);
  for (std::uint32_t item = 0; item < world.dataset().items.size(); ++item) {
    const double trend = world.candidate(item, time_ms).trend;
    if (trend > 0) top.push({item, static_cast<float>(trend)});
  }
  return {.label = "trending", .weight = kTrendingWeight, .candidates = top.take(), .note = {}};
}

// What the user took from `now_ms` to the window's end: bits by item.
std::unordered_map<std::uint32_t, std::uint32_t> taken_later(const RankWorld& world, const Request& request,
                                                             TimestampMs end_ms,
                                                             const std::vector<RankObjective>& objectives) {
  std::unordered_map<std::uint32_t, std::uint32_t> bits;
  const auto events = world.events(request.user);
  const auto positions = world.positions(request.user);
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i].timestamp_ms < request.now_ms || events[i].timestamp_ms >= end_ms) continue;
    bits[events[i].key] |= reached(world.dataset(), positions[i], objectives);
  }
  return bits;
}

std::vector<std::uint32_t> seen_before(const RankWorld& world, const Request& request) {
  std::vector<std::uint32_t> seen;
  for (const RankEvent& event : world.events(request.user)) {
    if (event.timestamp_ms >= request.now_ms) break;
    seen.push_back(event.key);
  }
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  return seen;
}

}  // namespace

RankModels RankRetrieval::view() const {
  RankModels models;
  for (const auto& encoder : learned.encoders) models.encoders.push_back(encoder.get());
  for (const auto& model : learned.history_models) models.history_models.push_back(model.get());
  if (learned.item_neighbors) models.item_neighbors = &*learned.item_neighbors;
  if (learned.user_neighbors) {
    models.interactions = &matrix;
    models.by_item = &by_item;
    models.user_norms = user_norms;
  }
  return models;
}

std::vector<std::string> retrieval_models(const std::vector<std::string>& names) {
  std::vector<std::string> kept;
  for (const std::string& name : names)
    if (name != "dlrm" && name != "popular" && !is_of_carts(name)) kept.push_back(name);
  return kept;
}

Result<RankRetrieval> learn_retrieval(const Dataset& dataset, std::size_t end, const std::vector<std::string>& names,
                                      const ModelSettings& settings, const RunControl& control) {
  RankRetrieval retrieval;
  const models::TrainingData data = dataset.training_data(0, end);
  retrieval.matrix = data.signed_matrix();
  TAMIS_ASSIGN_OR_RETURN(retrieval.learned,
                         learn_models(retrieval_models(names), data, retrieval.matrix, settings, control));
  retrieval.by_item = retrieval.matrix.transpose();
  for (std::uint32_t row = 0; row < retrieval.matrix.rows; ++row)
    retrieval.user_norms.push_back(std::sqrt(static_cast<float>(retrieval.matrix.row_columns(row).size())));
  return retrieval;
}

Result<std::vector<RankList>> make_rank_lists(const RankWorld& world, const RankWindow& window,
                                              const RankModels& models, const std::vector<std::string>& names,
                                              const std::vector<RankObjective>& objectives,
                                              const RankListOptions& options, const models::TrainControl& control) {
  const std::vector<Request> requests = find_requests(world, window, options);
  const CandidateList trending = trending_at(world, window.begin_ms);
  std::vector<RankList> lists(requests.size());
  // Whether the models learned from the user.
  const auto is_known = [&](std::uint32_t user) {
    const auto events = world.events(user);
    return !events.empty() && events.front().timestamp_ms < window.begin_ms;
  };
  const auto make_list = [&](const Request& request) {
    RankList list;
    list.user = request.user;
    list.now_ms = request.now_ms;
    const auto later = taken_later(world, request, window.end_ms, objectives);
    const std::vector<std::uint32_t> seen = seen_before(world, request);
    const auto is_eligible = [&](std::uint32_t item) {
      return world.is_there(item, request.now_ms) &&
             (options.repeats || !std::binary_search(seen.begin(), seen.end(), item));
    };
    for (const auto& [item, bits] : later)
      if (options.repeats || !std::binary_search(seen.begin(), seen.end(), item)) list.relevant.push_back(item);
    std::sort(list.relevant.begin(), list.relevant.end());
    list.disliked = world.turned_down(request.user, request.now_ms, window.end_ms);

    const RankQuery query{.user_id = world.dataset().users[request.user],
                          .user_row = is_known(request.user) ? request.user : kNoDenseId,
                          .events = world.history(request.user, request.now_ms),
                          .user = world.user_features(request.user),
                          .context = nullptr,
                          .now_ms = request.now_ms,
                          .asked_ms = request.now_ms};
    const ModelScores scores(models, query);
    std::vector<CandidateList> found;
    for (const std::string& name : names) {
      CandidateList& source = found.emplace_back();
      source.label = name;
      for (const models::ScoredId& scored : scores.top(name, options.candidates + seen.size())) {
        if (source.candidates.size() == options.candidates) break;
        if (is_eligible(scored.id)) source.candidates.push_back(scored);
      }
    }
    CandidateList& trend = found.emplace_back();
    trend.weight = trending.weight;
    for (const models::ScoredId& scored : trending.candidates) {
      if (trend.candidates.size() == kTrendingQuota) break;
      if (is_eligible(scored.id)) trend.candidates.push_back(scored);
    }
    for (const RankedItem& item : merge_candidates(found, MergeMethod::kReciprocalRank, options.candidates)) {
      const auto outcome = later.find(item.item);
      list.items.push_back(item.item);
      list.labels.push_back(outcome == later.end() ? 0 : outcome->second);
    }
    return list;
  };
  TAMIS_RETURN_IF_ERROR(models::parallel_blocks(control, requests.size(), 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) lists[i] = make_list(requests[i]);
  }));
  std::erase_if(lists, [](const RankList& list) { return list.relevant.empty() || list.items.empty(); });
  return lists;
}

}  // namespace tamis::engine
