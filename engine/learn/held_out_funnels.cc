#include "engine/learn/held_out_funnels.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

#include "common/record_checks.h"
#include "engine/database.h"
#include "engine/interactions/stored_types.h"
#include "engine/interactions/weigh_events.h"
#include "engine/learn/scratch_database.h"
#include "models/metrics.h"

namespace tamis::engine {
namespace {

struct HeldOutUser {
  std::string user;
  std::set<std::uint32_t> before;    // items by row
  std::vector<std::uint32_t> after;  // ascending, unique
  std::vector<std::uint32_t> fresh;  // of `after`, those not in `before`
};

// The store's interactions in the order of time, cut in three.
struct TimeLine {
  std::vector<storage::StoredInteraction> events;
  std::size_t head = 0;  // events[0, head) are known, events[head, end) predicted
  std::size_t end = 0;
};

Result<TimeLine> read_time_line(const storage::Store& store, const FunnelEvaluationOptions& options) {
  TimeLine line;
  TAMIS_RETURN_IF_ERROR(store.scan_interactions(/*with_context=*/false, [&](const storage::StoredInteraction& event) {
    if (is_sound_interaction(event.value, event.timestamp_ms)) line.events.push_back(event);
    return true;
  }));
  std::stable_sort(line.events.begin(), line.events.end(), [](const auto& a, const auto& b) {
    return std::tie(a.timestamp_ms, a.sequence) < std::tie(b.timestamp_ms, b.sequence);
  });
  // Interactions of one moment stay on the later side, as everywhere.
  const auto cut_at = [&](double share, std::size_t size) {
    auto cut = static_cast<std::size_t>((1 - share) * static_cast<double>(size));
    while (cut > 0 && cut < size && line.events[cut - 1].timestamp_ms == line.events[cut].timestamp_ms) --cut;
    return cut;
  };
  line.end = options.leave_out > 0 ? cut_at(options.leave_out, line.events.size()) : line.events.size();
  line.head = cut_at(options.holdout, line.end);
  if (line.head == 0 || line.head >= line.end)
    return Status::failed_precondition("there are " + std::to_string(line.end) +
                                       " interactions: no moment leaves some before and some after it");
  return line;
}

// Who had met something before the cut and likes something after it, what they took back or turned down left out.
std::vector<HeldOutUser> find_cases(const storage::Store& store, TypeRules rules, const TimeLine& line) {
  std::map<DenseId, HeldOutUser> by_user;
  std::map<DenseId, std::vector<MeantEvent>> later;
  for (std::size_t i = 0; i < line.head; ++i) by_user[line.events[i].user].before.insert(line.events[i].item);
  for (std::size_t i = line.head; i < line.end; ++i) {
    const storage::StoredInteraction& event = line.events[i];
    if (by_user.contains(event.user))
      later[event.user].push_back(
          {event.item, &rules.of(event.type), event.value.value_or(kNoValue), event.timestamp_ms});
  }
  std::vector<HeldOutUser> cases;
  for (const auto& [user, events] : later) {
    HeldOutUser& found = by_user[user];
    for (const ItemPreference& item : weigh_items(events))  // by ascending item
      if (item.preference.weight > 0) found.after.push_back(item.item);
    if (found.after.empty()) continue;
    std::copy_if(found.after.begin(), found.after.end(), std::back_inserter(found.fresh),
                 [&](std::uint32_t item) { return !found.before.contains(item); });
    found.user = store.ids(EntityKind::kUser).name(user);
    cases.push_back(std::move(found));
  }
  return cases;
}

// 1 - cosine between the items of a list, the mean over pairs; nothing for lists with fewer than two vectors.
std::optional<double> list_diversity(const Database& database, const std::string& space,
                                     const std::vector<RecommendedItem>& items) {
  std::vector<std::vector<float>> vectors;
  for (const RecommendedItem& item : items) {
    auto vector = database.get_vector(space, EntityKind::kItem, item.item);
    if (vector.is_ok()) vectors.push_back(std::move(vector->vector));
  }
  double sum = 0;
  std::size_t pairs = 0;
  for (std::size_t a = 0; a < vectors.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b, ++pairs) {
      double dot = 0;
      double norm_a = 0;
      double norm_b = 0;
      for (std::size_t d = 0; d < vectors[a].size(); ++d) {
        dot += double{vectors[a][d]} * vectors[b][d];
        norm_a += double{vectors[a][d]} * vectors[a][d];
        norm_b += double{vectors[b][d]} * vectors[b][d];
      }
      sum += 1 - (norm_a > 0 && norm_b > 0 ? dot / std::sqrt(norm_a * norm_b) : 0);
    }
  }
  if (pairs == 0) return std::nullopt;
  return sum / static_cast<double>(pairs);
}

struct FunnelAnswers {
  std::map<std::string, std::vector<double>> by_user;  // by metric
  std::vector<double> latencies_us;
  std::set<std::string> recommended;
  bool excludes_seen = true;
};

constexpr std::size_t kFunnelCutoffs[] = {10, 20};

Result<FunnelAnswers> measure(Database& database, const storage::Store& store, const FunnelConfig& funnel,
                              const std::vector<HeldOutUser>& cases, const FunnelEvaluationOptions& options) {
  FunnelAnswers measured;
  measured.excludes_seen = funnel.exclude_seen;
  for (const HeldOutUser& user : cases) {
    const std::vector<std::uint32_t>& relevant = funnel.exclude_seen ? user.fresh : user.after;
    if (relevant.empty()) continue;
    RecommendRequest request{.user = user.user, .k = 20};
    request.override_funnel = funnel;
    request.dry_run = true;
    request.recommendation_id = "evaluate-" + user.user;  // the seed of chance
    const auto start = std::chrono::steady_clock::now();
    TAMIS_ASSIGN_OR_RETURN(const RecommendAnswer answer, database.recommend(request));
    measured.latencies_us.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
    std::vector<std::uint32_t> ranked;
    for (const RecommendedItem& item : answer.items)
      ranked.push_back(store.ids(EntityKind::kItem).find(item.item).value_or(kNoDenseId));
    for (const std::size_t k : kFunnelCutoffs) {
      const std::string at = "@" + std::to_string(k);
      const models::UserMetrics metrics = models::user_metrics(ranked, relevant, k);
      measured.by_user["recall" + at].push_back(metrics.recall);
      measured.by_user["ndcg" + at].push_back(metrics.ndcg);
      measured.by_user["hr" + at].push_back(metrics.hr);
    }
    std::vector<RecommendedItem> top = answer.items;
    if (top.size() > 10) top.resize(10);
    for (const RecommendedItem& item : top) measured.recommended.insert(item.item);
    if (options.diversity_space.empty()) continue;
    if (const auto diversity = list_diversity(database, options.diversity_space, top))
      measured.by_user["diversity@10"].push_back(*diversity);
  }
  return measured;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

FunnelGain gain_over(const std::string& name, const std::vector<double>& before, const std::vector<double>& now,
                     const models::BootstrapOptions& bootstrap) {
  std::vector<double> differences;
  for (std::size_t i = 0; i < now.size(); ++i) differences.push_back(now[i] - before[i]);
  return {name, mean(differences), models::bootstrap_mean(differences, bootstrap)};
}

}  // namespace

Result<FunnelReport> evaluate_funnels(const storage::Store& store, const DatabaseOptions& options,
                                      const std::vector<FunnelConfig>& funnels,
                                      const FunnelEvaluationOptions& evaluation) {
  if (!(evaluation.holdout > 0 && evaluation.holdout < 1) || !(evaluation.leave_out >= 0 && evaluation.leave_out < 1))
    return Status::invalid_argument("the shares held out and left out must lie below 1, expected above 0 and 0 or more")
        .at_field("holdout");
  for (const FunnelConfig& funnel : funnels) TAMIS_RETURN_IF_ERROR(validate_funnel(funnel));
  TAMIS_ASSIGN_OR_RETURN(const TimeLine line, read_time_line(store, evaluation));
  FunnelReport report;
  report.cut_ms = line.events[line.head].timestamp_ms;
  report.head_interactions = line.head;
  report.tail_interactions = line.end - line.head;

  TAMIS_ASSIGN_OR_RETURN(const std::unique_ptr<ScratchDatabase> scratch,
                         ScratchDatabase::create(evaluation.scratch, options, evaluation.models, report.cut_ms));
  TAMIS_RETURN_IF_ERROR(scratch->copy(store, std::span(line.events).first(line.head)));
  const auto start = std::chrono::steady_clock::now();
  TAMIS_RETURN_IF_ERROR(scratch->train());
  report.train_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  TAMIS_ASSIGN_OR_RETURN(auto types, load_interaction_types(store, start_types(options)));
  const std::vector<HeldOutUser> cases = find_cases(store, make_type_rules(store, std::move(types)), line);
  const models::BootstrapOptions bootstrap{.resamples = evaluation.resamples, .level = 0.95, .seed = evaluation.seed};
  std::vector<FunnelAnswers> measured;
  for (const FunnelConfig& funnel : funnels) {
    TAMIS_ASSIGN_OR_RETURN(FunnelAnswers one, measure(scratch->database(), store, funnel, cases, evaluation));
    FunnelEvaluation& row = report.funnels.emplace_back();
    row.funnel = funnel.name;
    row.users = one.latencies_us.size();
    for (const auto& [name, values] : one.by_user) {
      row.metrics[name] = mean(values);
      row.intervals[name] = models::bootstrap_mean(values, bootstrap);
    }
    row.metrics["coverage@10"] =
        static_cast<double>(one.recommended.size()) / static_cast<double>(std::max<std::size_t>(1, scratch->items()));
    row.p50_us = percentile(one.latencies_us, 0.5);
    row.p99_us = percentile(one.latencies_us, 0.99);
    for (std::size_t i = 0; i < measured.size(); ++i) {
      if (measured[i].excludes_seen != one.excludes_seen) continue;
      row.ndcg10_gains.push_back(
          gain_over(funnels[i].name, measured[i].by_user["ndcg@10"], one.by_user["ndcg@10"], bootstrap));
    }
    measured.push_back(std::move(one));
  }
  return report;
}

}  // namespace tamis::engine
