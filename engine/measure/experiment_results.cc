#include "engine/measure/experiment_results.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/cancellation.h"
#include "common/checksum.h"
#include "engine/experiments/experiment_set.h"
#include "engine/measure/arm_comparison.h"
#include "engine/measure/distributions.h"
#include "engine/measure/outcome_kinds.h"

namespace tamis::engine {
namespace {

constexpr double kMismatchP = 0.001;

struct UserTotals {
  std::uint32_t lists = 0;
  std::uint32_t slots = 0;
  std::uint32_t clicked = 0;
  std::uint32_t converted = 0;
  double value = 0;
};

struct ArmTotals {
  std::string name;
  std::unordered_map<std::uint64_t, UserTotals> users;  // by hash of the id
};

void count(const storage::Impression& list, std::span<const storage::Outcome> outcomes, OutcomeKinds* kinds,
           UserTotals* totals) {
  ++totals->lists;
  totals->slots += static_cast<std::uint32_t>(list.slots.size());
  std::map<std::uint32_t, std::vector<storage::Outcome>> by_slot;
  for (const storage::Outcome& outcome : outcomes) by_slot[outcome.slot].push_back(outcome);
  for (const auto& [slot, of_slot] : by_slot) {
    const SlotOutcome came = kinds->of_slot(of_slot);
    totals->clicked += came.is_clicked ? 1 : 0;
    totals->converted += came.is_converted ? 1 : 0;
    totals->value += came.value;
  }
}

struct ArmEstimates {
  Estimate click_through, conversions, value;
};

ArmEstimates estimate(const ArmTotals& arm, ArmResult* result, const IntervalOptions& options) {
  RatioSums click_through, conversions, value;
  for (const auto& [user, totals] : arm.users) {
    result->exposures += totals.lists;
    result->slots += totals.slots;
    result->clicked += totals.clicked;
    result->converted += totals.converted;
    result->value += totals.value;
    click_through.add(totals.clicked, totals.slots);
    conversions.add(totals.converted, 1);
    value.add(totals.value, 1);
  }
  result->arm = arm.name;
  result->users = arm.users.size();
  const ArmEstimates estimates{ratio_estimate(click_through), ratio_estimate(conversions), ratio_estimate(value)};
  result->click_through_rate = interval_of(estimates.click_through, options);
  result->conversions_per_user = interval_of(estimates.conversions, options);
  result->value_per_user = interval_of(estimates.value, options);
  return estimates;
}

}  // namespace

double sample_ratio_p(const std::vector<std::uint64_t>& counts, const std::vector<double>& shares) {
  double total = 0;
  for (const std::uint64_t users : counts) total += static_cast<double>(users);
  double chi_square = 0;
  double degrees = -1;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double expected = total * shares[i];
    if (expected <= 0) continue;
    const double off = static_cast<double>(counts[i]) - expected;
    chi_square += off * off / expected;
    degrees += 1;
  }
  return degrees < 1 ? 1 : chi_square_p(chi_square, degrees);
}

Result<ExperimentResults> experiment_results(const storage::Store& store, const DatabaseOptions& options,
                                             std::shared_ptr<const InteractionTypes> types,
                                             const ExperimentConfig& experiment, TimestampMs now_ms) {
  ExperimentResults results;
  results.experiment = experiment;
  results.from_ms = experiment.start_ms;
  results.to_ms = experiment.end_ms == 0 ? now_ms + 1 : std::min(experiment.end_ms, now_ms + 1);
  std::vector<ArmTotals> arms;
  for (const ExperimentArm& arm : experiment.arms) arms.push_back({arm.name, {}});
  if (experiment.holdout > 0) arms.push_back({std::string(kHoldoutArm), {}});

  OutcomeKinds kinds(store, std::move(types), options.impressions.conversion_types);
  TAMIS_RETURN_IF_ERROR(store.scan_impressions(
      results.from_ms, results.to_ms, [&](const storage::Impression& list, std::span<const storage::Outcome> outcomes) {
        if (is_cancelled()) return false;
        for (const storage::ArmRef& ref : list.arms) {
          if (ref.experiment != experiment.name) continue;
          const auto arm =
              std::find_if(arms.begin(), arms.end(), [&](const ArmTotals& known) { return known.name == ref.arm; });
          if (arm == arms.end()) continue;
          count(list, outcomes, &kinds, &arm->users[checksum64(list.user.data(), list.user.size())]);
        }
        return true;
      }));
  TAMIS_RETURN_IF_ERROR(check_cancelled());

  const IntervalOptions intervals{experiment.alpha, static_cast<double>(experiment.planned_users)};
  const std::vector<double> shares = planned_shares(experiment);
  std::vector<ArmEstimates> estimates;
  std::vector<std::uint64_t> users;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    ArmResult& result = results.arms.emplace_back();
    result.share = shares[i];
    estimates.push_back(estimate(arms[i], &result, intervals));
    users.push_back(result.users);
  }
  results.sample_ratio_p_value = sample_ratio_p(users, shares);
  results.has_sample_ratio_mismatch = results.sample_ratio_p_value < kMismatchP;

  std::size_t control = 0;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (arms[i].name == experiment.control) control = i;
  }
  for (std::size_t i = 0; i < arms.size(); ++i) {
    if (i == control) continue;
    const auto add = [&](const char* metric, Estimate ArmEstimates::*which) {
      ArmComparison& made =
          results.comparisons.emplace_back(compare(estimates[i].*which, estimates[control].*which, intervals));
      made.arm = arms[i].name;
      made.metric = metric;
    };
    add("click_through_rate", &ArmEstimates::click_through);
    add("conversions_per_user", &ArmEstimates::conversions);
    add("value_per_user", &ArmEstimates::value);
  }
  return results;
}

}  // namespace tamis::engine
