#include "engine/measure/evaluate_off_policy.h"

#include <deque>
#include <memory>
#include <set>
#include <utility>

#include "common/cancellation.h"
#include "common/checksum.h"
#include "engine/measure/candidate_policy.h"
#include "engine/measure/outcome_kinds.h"
#include "engine/measure/reward_model.h"
#include "engine/query/choose_funnel.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kReportedLists = 100;  // asked between two reports of progress

struct ObservedList {
  storage::Impression list;
  std::vector<double> rewards;  // by slot
  std::uint64_t user = 0;
};

// Rewards of slots by what people asked to count: each type once, or any click where they named no weights.
class Reward {
 public:
  Reward(const ReadState& state, const std::map<std::string, double>& weights)
      : store_(*state.store),
        weights_(weights),
        kinds_(store_, state.interaction_types, state.options->impressions.conversion_types) {}

  std::vector<double> of(const storage::Impression& list, std::span<const storage::Outcome> outcomes) {
    std::vector<std::vector<storage::Outcome>> by_slot(list.slots.size());
    for (const storage::Outcome& outcome : outcomes) by_slot[outcome.slot].push_back(outcome);
    std::vector<double> rewards;
    for (const auto& of_slot : by_slot)
      rewards.push_back(weights_.empty() ? (kinds_.of_slot(of_slot).is_clicked ? 1 : 0) : weigh(of_slot));
    return rewards;
  }

 private:
  double weigh(std::span<const storage::Outcome> outcomes) const {
    std::set<std::string> types;
    for (const storage::Outcome& outcome : outcomes) types.insert(store_.interaction_type_name(outcome.type));
    double reward = 0;
    for (const std::string& type : types) {
      const auto found = weights_.find(type);
      if (found != weights_.end()) reward += found->second;
    }
    return reward;
  }

  const storage::Store& store_;
  const std::map<std::string, double>& weights_;
  OutcomeKinds kinds_;
};

Result<std::shared_ptr<const FunnelConfig>> candidate_of(const ReadState& state, const OffPolicyRequest& request) {
  RecommendRequest asked;
  asked.funnel = request.funnel;
  asked.override_funnel = request.document;
  TAMIS_ASSIGN_OR_RETURN(std::shared_ptr<const FunnelConfig> chosen, choose_funnel(state, asked));
  return switch_rotation(std::move(chosen), asked);
}

// The newest lists that count, with their rewards.
Result<std::deque<ObservedList>> observed_lists(const ReadState& state, const OffPolicyRequest& request,
                                                const RunControl& control, OffPolicyEvaluation* evaluation) {
  std::deque<ObservedList> lists;
  Reward reward(state, request.reward);
  TAMIS_RETURN_IF_ERROR(state.store->scan_impressions(
      evaluation->from_ms, evaluation->to_ms,
      [&](const storage::Impression& list, std::span<const storage::Outcome> outcomes) {
        if (is_cancelled()) return false;
        if (request.logged_by && list.funnel != *request.logged_by) return true;
        if (list.had_conditions) {
          ++evaluation->passed_over;
          return true;
        }
        // Lists of nobody known stand for themselves.
        const std::string& whose = list.user.empty() ? list.recommendation_id : list.user;
        lists.push_back({list, reward.of(list, outcomes), checksum64(whose.data(), whose.size())});
        if (lists.size() > request.max_lists) lists.pop_front();
        return control.check().is_ok();
      }));
  TAMIS_RETURN_IF_ERROR(control.check());
  TAMIS_RETURN_IF_ERROR(check_cancelled());
  TAMIS_RETURN_IF_ERROR(control.check());
  return lists;
}

}  // namespace

Status check_candidate(const ReadState& state, const OffPolicyRequest& request) {
  TAMIS_ASSIGN_OR_RETURN(const auto funnel, candidate_of(state, request));
  return CandidatePolicy::create(state, funnel).status();
}

Result<OffPolicyEvaluation> evaluate_off_policy(const ReadState& state, const OffPolicyRequest& request,
                                                const RunControl& control) {
  OffPolicyEvaluation evaluation;
  TAMIS_ASSIGN_OR_RETURN(const auto funnel, candidate_of(state, request));
  TAMIS_ASSIGN_OR_RETURN(const CandidatePolicy policy, CandidatePolicy::create(state, funnel));
  evaluation.funnel = funnel->name;
  evaluation.from_ms = request.from_ms;
  evaluation.to_ms = request.to_ms == 0 ? state.options->clock->now_ms() + 1 : request.to_ms;
  evaluation.estimators = request.estimators;
  evaluation.assumption = request.options.assumption == RewardAssumption::kPrefix ? "prefix" : "slot";
  TAMIS_ASSIGN_OR_RETURN(const std::deque<ObservedList> observed, observed_lists(state, request, control, &evaluation));

  CrossFittedReward model;
  for (const ObservedList& seen : observed) {
    for (std::size_t i = 0; i < seen.rewards.size(); ++i)
      model.add(seen.user, seen.list.slots[i].item, i, seen.rewards[i]);
  }
  model.fit();

  std::vector<LoggedList> lists;
  lists.reserve(observed.size());
  for (const ObservedList& seen : observed) {
    TAMIS_RETURN_IF_ERROR(control.check());
    TAMIS_RETURN_IF_ERROR(check_cancelled());
    TAMIS_RETURN_IF_ERROR(control.check());
    if (control.report && lists.size() % kReportedLists == 0)
      control.report(static_cast<double>(lists.size()) / static_cast<double>(observed.size()), "evaluate",
                     std::to_string(lists.size()) + " of " + std::to_string(observed.size()) + " lists");
    TAMIS_ASSIGN_OR_RETURN(const CandidatePolicy::Choices choices, policy.choices(seen.list));
    const RewardModel& guess = model.for_user(seen.user);
    LoggedList& made = lists.emplace_back();
    made.user = seen.user;
    for (std::size_t i = 0; i < seen.list.slots.size(); ++i) {
      LoggedSlot& slot = made.slots.emplace_back();
      slot.reward = seen.rewards[i];
      slot.propensity = seen.list.slots[i].propensity;
      slot.model_reward = guess.predict(seen.list.slots[i].item, i);
      for (const auto& choice : choices[i]) {
        if (choice.item == seen.list.slots[i].item) slot.probability = choice.probability;
        slot.model_value += choice.probability * guess.predict(choice.item, i);
      }
    }
  }
  evaluation.estimates = estimate_off_policy(lists, request.options);
  evaluation.fault = support_fault(evaluation.estimates, request.least_sample);
  return evaluation;
}

}  // namespace tamis::engine
