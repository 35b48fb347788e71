#include "engine/measure/candidate_policy.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "common/record_checks.h"
#include "engine/query/funnel_run.h"
#include "engine/query/item_facts.h"
#include "engine/query/retrieve.h"
#include "engine/query/rule_factory.h"
#include "engine/query/stage_clock.h"
#include "engine/retrieval/eligibility.h"
#include "engine/retrieval/user_state.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kMaxPast = 100'000;  // interactions of a user that are read

std::optional<std::size_t> explore_rule(const FunnelConfig& funnel) {
  for (std::size_t i = 0; i < funnel.rules.size(); ++i) {
    if (std::holds_alternative<ExploreRuleConfig>(funnel.rules[i])) return i;
  }
  return std::nullopt;
}

// What the user had done by `sequence`, oldest first.
Result<std::vector<HistoryEntry>> past_of(const ReadState& state, DenseId user, Sequence sequence) {
  std::vector<HistoryEntry> past;
  TAMIS_ASSIGN_OR_RETURN(const auto stored, state.store->user_interactions(user, kMaxPast));
  for (const auto& row : stored) {
    if (row.sequence > sequence || !is_sound_interaction(row.value, row.timestamp_ms)) continue;
    past.push_back({.item = state.store->ids(EntityKind::kItem).name(row.item),
                    .type = state.store->interaction_type_name(row.type),
                    .value = row.value,
                    .timestamp_ms = row.timestamp_ms});
  }
  std::reverse(past.begin(), past.end());
  return past;
}

}  // namespace

Result<CandidatePolicy> CandidatePolicy::create(const ReadState& state, std::shared_ptr<const FunnelConfig> funnel) {
  const auto explores = explore_rule(*funnel);
  if (explores && *explores + 1 != funnel->rules.size()) {
    return Status::failed_precondition("rules after explore move what was drawn, so that its probabilities are unknown")
        .at_field("/funnel/rules/" + std::to_string(*explores + 1));
  }
  return CandidatePolicy(state, std::move(funnel));
}

Result<CandidatePolicy::Choices> CandidatePolicy::choices(const storage::Impression& list) const {
  std::vector<HistoryEntry> past;
  const auto user = list.user.empty() ? std::nullopt : state_.store->ids(EntityKind::kUser).find(list.user);
  if (user) {
    TAMIS_ASSIGN_OR_RETURN(past, past_of(state_, *user, list.sequence));
  }
  // The newest count, as when the list was served.
  const std::size_t recent = std::min<std::size_t>(past.size(), state_.options->max_history);
  const std::span<const HistoryEntry> history(past.data() + (past.size() - recent), recent);
  TAMIS_ASSIGN_OR_RETURN(UserState person, load_user_state(state_, "", history, list.served_ms));
  if (user) {
    person.user = *user;
    person.name = list.user;
    person.entity = state_.users->get(*user, list.served_ms);
    person.is_known = true;
  }
  if (!list.context.empty()) person.context = &list.context;
  Eligibility eligibility(*state_.items, *state_.item_attributes, funnel_->filter,
                          state_.store->ids(EntityKind::kItem).size(), list.served_ms);
  if (funnel_->exclude_seen) {
    TAMIS_ASSIGN_OR_RETURN(const auto seen, find_seen_items(state_, kNoDenseId, past, funnel_->seen_types));
    for (const DenseId item : seen) eligibility.exclude(item);
  }
  const RetrievalContext context{.state = state_, .user = person, .is_eligible = eligibility, .now_ms = list.served_ms};
  StageClock clock(funnel_->name, nullptr, nullptr);
  TAMIS_ASSIGN_OR_RETURN(std::vector<CandidateList> lists, retrieve(context, *funnel_, &clock));
  const RunOptions options{
      .k = std::max<std::size_t>(list.asked, 1), .person = &person, .history = {}, .seed = 1, .keep_steps = true};
  TAMIS_ASSIGN_OR_RETURN(const FunnelRun run, run_funnel(context, *funnel_, std::move(lists), options, &clock));

  Choices slots;
  if (const auto explores = explore_rule(*funnel_)) {
    const ranker::CandidateList& before = *explores == 0 ? run.before_rules : run.rules[*explores - 1].after;
    const RequestItemFacts facts(context, person, {});
    TAMIS_ASSIGN_OR_RETURN(const auto rule, make_rule(funnel_->rules[*explores], context, person, facts));
    const auto* explore = dynamic_cast<const ranker::ExploreRule*>(rule.get());
    if (explore == nullptr) return Status::internal("an explore rule is another");
    std::vector<std::uint32_t> shown;
    for (const storage::ServedSlot& slot : list.slots) shown.push_back(slot.item);
    slots = explore->choices(before, shown, {.items = facts, .now_ms = list.served_ms, .seed = 1, .k = options.k});
  }
  // What no chance fills: a list without exploration, and what the fallback adds.
  for (std::size_t i = slots.size(); i < std::min(list.slots.size(), run.answer.size()); ++i)
    slots.push_back({{run.answer[i].item, 1.0}});
  slots.resize(list.slots.size());
  return slots;
}

}  // namespace tamis::engine
