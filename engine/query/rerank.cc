#include "engine/query/rerank.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/cancellation.h"
#include "common/random.h"
#include "engine/funnel/funnel_members.h"
#include "engine/query/rule_factory.h"

namespace tamis::engine {

Reranker::Reranker(const RetrievalContext& context, const FunnelConfig& funnel, const RunOptions& options)
    : context_(context),
      funnel_(funnel),
      options_(options),
      person_(options.person == nullptr ? context.user : *options.person),
      facts_(context, person_, options.history) {}

ranker::RuleContext Reranker::rule_context(std::size_t rule) const {
  return {.items = facts_, .now_ms = context_.now_ms, .seed = Random(options_.seed + rule)(), .k = options_.k};
}

Status Reranker::apply(ranker::CandidateList* list, std::vector<RuleStep>* steps, StageClock* clock) {
  std::vector<DenseId> ranked;
  for (const ranker::Candidate& candidate : *list) ranked.push_back(candidate.item);
  const auto note_removed = [&] {
    removed_.clear();
    removed_.insert(ranked.begin(), ranked.end());
    for (const ranker::Candidate& candidate : *list) removed_.erase(candidate.item);
  };
  for (std::size_t i = 0; i < funnel_.rules.size(); ++i) {
    std::optional<RuleConfig> allowed;
    if (const auto* pins = std::get_if<PinRuleConfig>(&funnel_.rules[i])) {
      note_removed();
      allowed = allowed_pins(*pins, *list);
    }
    const RuleConfig& config = allowed ? *allowed : funnel_.rules[i];
    TAMIS_ASSIGN_OR_RETURN(auto rule, make_rule(config, context_, person_, facts_));
    facts_.use_space(space_of(config, context_.state));
    RuleStep& step = steps->emplace_back();
    std::string note;
    if (options_.keep_steps) note = rule->note(*list, rule_context(i));
    step.report = ranker::apply_rule(*rule, *list, rule_context(i));
    TAMIS_RETURN_IF_ERROR(check_cancelled());
    step.report.rule = rule_kind(config);
    step.is_over_budget = funnel_.rule_budget_us > 0 && step.report.microseconds > funnel_.rule_budget_us;
    if (options_.keep_steps) step.after = *list;
    clock->end_rule(step.report.rule, step.report.before, step.report.after, step.is_over_budget, note);
    if (is_screen(config)) screens_.push_back(std::move(rule));
  }
  note_removed();
  return Status::ok();
}

std::unordered_set<DenseId> Reranker::passing(const std::vector<DenseId>& before,
                                              const std::vector<DenseId>& items) const {
  ranker::CandidateList whole;
  for (const DenseId item : before) whole.push_back({.item = item});
  for (const DenseId item : items) {
    if (!removed_.contains(item)) whole.push_back({.item = item});
  }
  ranker::RuleContext context = rule_context(0);
  context.k = whole.size();  // a cap holds for them all
  std::unordered_set<DenseId> kept;
  for (const auto& rule : screens_) {
    ranker::CandidateList left = whole;  // a rule may order it anew, and the next one goes by the order
    rule->apply(left, context);
    kept.clear();
    for (const ranker::Candidate& candidate : left) kept.insert(candidate.item);
    // What is served already stays there, and counts.
    const auto first = whole.begin() + static_cast<std::ptrdiff_t>(before.size());
    whole.erase(std::remove_if(first, whole.end(), [&](const ranker::Candidate& c) { return !kept.contains(c.item); }),
                whole.end());
  }
  kept.clear();
  for (std::size_t i = before.size(); i < whole.size(); ++i) kept.insert(whole[i].item);
  return kept;
}

void Reranker::screen(const std::vector<RankedItem>& answer, std::vector<models::ScoredId>* list) const {
  std::vector<DenseId> before;
  for (const RankedItem& item : answer) before.push_back(item.item);
  const std::unordered_set<DenseId> served(before.begin(), before.end());
  std::vector<DenseId> items;
  for (const models::ScoredId& entry : *list) {
    if (!served.contains(entry.id)) items.push_back(entry.id);
  }
  const std::unordered_set<DenseId> kept = passing(before, items);
  std::erase_if(*list, [&](const models::ScoredId& entry) { return !kept.contains(entry.id); });
}

PinRuleConfig Reranker::allowed_pins(const PinRuleConfig& pins, const ranker::CandidateList& list) const {
  PinRuleConfig allowed;
  std::vector<DenseId> before;  // what will be served beside a pinned item
  for (std::size_t i = 0; i + 1 < options_.k && i < list.size(); ++i) before.push_back(list[i].item);
  for (const Pin& pin : pins.pins) {
    const auto item = context_.state.store->ids(EntityKind::kItem).find(pin.item);
    if (!item) continue;
    if (std::find(before.begin(), before.end(), *item) == before.end()) {
      if (!passing(before, {*item}).contains(*item)) continue;
      before.push_back(*item);  // the next pin's item stands behind it
    }
    allowed.pins.push_back(pin);
  }
  return allowed;
}

}  // namespace tamis::engine
