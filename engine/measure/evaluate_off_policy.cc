#include "engine/measure/evaluate_off_policy.h"

#include <deque>
#include <memory>
#include <utility>

#include "common/checksum.h"
#include "engine/interaction_weight.h"
#include "engine/measure/candidate_policy.h"
#include "engine/measure/reward_model.h"
#include "engine/query/choose_funnel.h"

namespace tamis::engine {
namespace {

struct ObservedList {
  storage::Impression list;
  std::vector<double> rewards;  // by slot
  std::uint64_t user = 0;
};

// Rewards of slots by what people asked to count.
class Reward {
 public:
  Reward(const ReadState& state, const std::map<std::string, double>& weights) : state_(state), weights_(weights) {}

  std::vector<double> of(const storage::Impression& list, std::span<const storage::Outcome> outcomes) {
    std::vector<std::vector<bool>> counted(list.slots.size());
    std::vector<double> rewards(list.slots.size());
    for (const storage::Outcome& outcome : outcomes) {
      const double weight = weight_of(outcome.type);
      auto& done = counted[outcome.slot];
      // Without weights of one's own, any click is the one thing that counts.
      const std::size_t what = weights_.empty() ? 0 : outcome.type;
      if (done.size() <= what) done.resize(what + 1);
      if (weight == 0 || done[what]) continue;
      done[what] = true;
      rewards[outcome.slot] += weight;
    }
    return rewards;
  }

 private:
  double weight_of(storage::InteractionTypeId type) {
    while (by_type_.size() <= type) {
      const std::string name =
          state_.store->interaction_type_name(static_cast<storage::InteractionTypeId>(by_type_.size()));
      if (weights_.empty()) {
        by_type_.push_back(interaction_type_weight(name, state_.options->interaction_weights) > 0 ? 1 : 0);
      } else {
        const auto found = weights_.find(name);
        by_type_.push_back(found == weights_.end() ? 0 : found->second);
      }
    }
    return by_type_[type];
  }

  const ReadState& state_;
  const std::map<std::string, double>& weights_;
  std::vector<double> by_type_;
};

Result<std::shared_ptr<const FunnelConfig>> candidate_of(const ReadState& state, const OffPolicyRequest& request) {
  RecommendRequest asked;
  asked.funnel = request.funnel;
  asked.override_funnel = request.document;
  return choose_funnel(state, asked);
}

// The newest lists that count, with their rewards.
Result<std::deque<ObservedList>> observed_lists(const ReadState& state, const OffPolicyRequest& request,
                                                OffPolicyEvaluation* evaluation) {
  std::deque<ObservedList> lists;
  Reward reward(state, request.reward);
  TAMIS_RETURN_IF_ERROR(state.store->scan_impressions(
      evaluation->from_ms, evaluation->to_ms,
      [&](const storage::Impression& list, std::span<const storage::Outcome> outcomes) {
        if (request.logged_by && list.funnel != *request.logged_by) return true;
        if (list.had_conditions) {
          ++evaluation->passed_over;
          return true;
        }
        // Lists of nobody known stand for themselves.
        const std::string& whose = list.user.empty() ? list.recommendation_id : list.user;
        lists.push_back({list, reward.of(list, outcomes), checksum64(whose.data(), whose.size())});
        if (lists.size() > request.max_lists) lists.pop_front();
        return true;
      }));
  return lists;
}

}  // namespace

Result<OffPolicyEvaluation> evaluate_off_policy(const ReadState& state, const OffPolicyRequest& request) {
  OffPolicyEvaluation evaluation;
  TAMIS_ASSIGN_OR_RETURN(const auto funnel, candidate_of(state, request));
  TAMIS_ASSIGN_OR_RETURN(const CandidatePolicy policy, CandidatePolicy::create(state, funnel));
  evaluation.funnel = funnel->name;
  evaluation.from_ms = request.from_ms;
  evaluation.to_ms = request.to_ms == 0 ? state.options->clock->now_ms() + 1 : request.to_ms;
  evaluation.estimators = request.estimators;
  evaluation.assumption = request.options.assumption == RewardAssumption::kPrefix ? "prefix" : "slot";
  TAMIS_ASSIGN_OR_RETURN(const std::deque<ObservedList> observed, observed_lists(state, request, &evaluation));

  CrossFittedReward model;
  for (const ObservedList& seen : observed) {
    for (std::size_t i = 0; i < seen.rewards.size(); ++i)
      model.add(seen.user, seen.list.slots[i].item, i, seen.rewards[i]);
  }
  model.fit();

  std::vector<LoggedList> lists;
  lists.reserve(observed.size());
  for (const ObservedList& seen : observed) {
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
