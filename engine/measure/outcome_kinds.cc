#include "engine/measure/outcome_kinds.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tamis::engine {

OutcomeKinds::OutcomeKinds(const storage::Store& store, std::shared_ptr<const InteractionTypes> types,
                           std::span<const std::string> conversion_types)
    : conversion_types_(conversion_types.begin(), conversion_types.end()),
      rules_(make_type_rules(store, std::move(types))) {}

bool OutcomeKinds::converts(const TypeRule& rule) const {
  return std::find(conversion_types_.begin(), conversion_types_.end(), rule.name) != conversion_types_.end();
}

bool OutcomeKinds::takes_back_conversions(const TypeRule& rule) const {
  const auto& undone = rule.type->undoes;
  return rule.type->meaning == InteractionMeaning::kUndo &&
         std::any_of(undone.begin(), undone.end(), [this](const std::string& name) {
           return std::find(conversion_types_.begin(), conversion_types_.end(), name) != conversion_types_.end();
         });
}

OutcomeKinds::Kind OutcomeKinds::of(const storage::Outcome& outcome) {
  const TypeRule& rule = rules_.of(outcome.type);
  Kind kind;
  kind.is_conversion = converts(rule);
  kind.is_click = kind.is_conversion || rule.type->signed_weight(outcome.value.value_or(kNoValue)) > 0;
  if (kind.is_conversion) kind.value = outcome.value.value_or(1);
  if (takes_back_conversions(rule)) kind.value = -std::abs(outcome.value.value_or(0));
  return kind;
}

SlotOutcome OutcomeKinds::of_slot(std::span<const storage::Outcome> outcomes) {
  std::vector<const storage::Outcome*> order;
  for (const storage::Outcome& outcome : outcomes) order.push_back(&outcome);
  std::stable_sort(order.begin(), order.end(), [](const storage::Outcome* a, const storage::Outcome* b) {
    return a->timestamp_ms < b->timestamp_ms;
  });
  std::vector<MeantEvent> events;
  for (const storage::Outcome* outcome : order)
    events.push_back({0, &rules_.of(outcome->type), outcome->value.value_or(kNoValue), outcome->timestamp_ms});
  const std::vector<EventWeight> weights = weigh_events(events);
  SlotOutcome slot;
  double without_value = 0;  // conversions whose return named no value
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Kind kind = of(*order[i]);
    slot.value += kind.value;
    slot.is_converted |= kind.is_conversion && weights[i].counts;
    slot.is_clicked |= weights[i].weight > 0 || (kind.is_conversion && weights[i].counts);
    if (takes_back_conversions(*events[i].rule) && std::isnan(events[i].value)) without_value += 1;
  }
  for (std::size_t i = events.size(); i > 0 && without_value > 0; --i) {
    if (!converts(*events[i - 1].rule) || weights[i - 1].counts || !(order[i - 1]->value.value_or(1) > 0)) continue;
    slot.value -= order[i - 1]->value.value_or(1);
    without_value -= 1;
  }
  return slot;
}

}  // namespace tamis::engine
