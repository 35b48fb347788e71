#include "engine/interactions/weigh_events.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "models/rating_mean.h"

namespace tamis::engine {
namespace {

bool has_quantity(const InteractionType& type) {
  return type.value == InteractionValue::kCount || type.value == InteractionValue::kAmount;
}

// What speaks for an item and what speaks against it cancel out: the larger sum keeps the difference. `order` are the
// events of one item.
void settle_signs(std::span<const std::uint32_t> order, std::vector<EventWeight>* weights) {
  double up = 0;
  double down = 0;
  for (const std::uint32_t event : order) {
    const double weight = (*weights)[event].weight;
    (weight > 0 ? up : down) += std::abs(weight);
  }
  if (!(up > 0) || !(down > 0)) return;
  const double share_up = std::max(0.0, up - down) / up;
  const double share_down = std::max(0.0, down - up) / down;
  for (const std::uint32_t event : order) {
    double& weight = (*weights)[event].weight;
    weight = weight == 0 ? 0 : weight * (weight > 0 ? share_up : share_down);
  }
}

// Weighs the events of one pair of a user and an item, one after the other.
class PairWeigher {
 public:
  PairWeigher(std::span<const MeantEvent> events, std::span<const std::uint32_t> order,
              std::vector<EventWeight>* weights)
      : events_(events), order_(order), weights_(*weights), left_(order.size()) {}

  Preference run() {
    Preference result;
    for (std::uint32_t place = 0; place < order_.size(); ++place) {
      take(place);
      const MeantEvent& event = at(place);
      if (event.rule->type->meaning == InteractionMeaning::kShown) continue;
      result.is_seen = true;
      result.newest_ms = event.timestamp_ms;
    }
    settle_signs(order_, &weights_);
    for (const Stack& stack : stacks_) {
      const InteractionType& type = *stack.rule->type;
      for (const std::uint32_t place : stack.counting) {
        const double weight = weights_[order_[place]].weight;
        result.weight += weight;
        result.is_excluded |= type.excludes_item() && speaks_against(at(place));
        if (type.value == InteractionValue::kRating && !std::isnan(at(place).value)) result.rating = at(place).value;
      }
    }
    return result;
  }

 private:
  static bool speaks_against(const MeantEvent& event) {
    const InteractionType& type = *event.rule->type;
    return type.meaning == InteractionMeaning::kNegative || type.signed_weight(event.value) < 0;
  }

  // The events of one type that count, oldest first.
  struct Stack {
    const TypeRule* rule;
    std::vector<std::uint32_t> counting;  // places in order_
  };

  const MeantEvent& at(std::uint32_t place) const { return events_[order_[place]]; }

  Stack& stack_of(const TypeRule* rule) {
    for (Stack& stack : stacks_)
      if (stack.rule == rule) return stack;
    return stacks_.emplace_back(Stack{rule, {}});
  }

  void drop_newest(Stack* stack) {
    weights_[order_[stack->counting.back()]] = {};
    stack->counting.pop_back();
  }
  void drop_all(Stack* stack) {
    while (!stack->counting.empty()) drop_newest(stack);
  }

  // Takes acts back, the newest of `stacks` first: as much as `quantity` says, or one of them.
  void take_back(const std::vector<Stack*>& stacks, std::optional<double> quantity) {
    double rest = quantity.value_or(0);
    do {
      Stack* newest = nullptr;
      for (Stack* stack : stacks) {
        if (stack->counting.empty()) continue;
        if (newest == nullptr || stack->counting.back() > newest->counting.back()) newest = stack;
      }
      if (newest == nullptr) return;
      double& left = left_[newest->counting.back()];
      if (quantity && rest < left) {
        left -= rest;
        return;
      }
      rest -= left;
      drop_newest(newest);
    } while (quantity && rest > 0);
  }

  void undo(const MeantEvent& event) {
    std::vector<Stack*> acts;
    for (Stack& stack : stacks_) {
      if (!event.rule->undoes(*stack.rule)) continue;
      const InteractionRepeats repeats = stack.rule->type->repeats;
      if (repeats == InteractionRepeats::kNewest || repeats == InteractionRepeats::kFirst) {
        drop_all(&stack);
      } else {
        acts.push_back(&stack);
      }
    }
    if (!acts.empty()) take_back(acts, quantity_of(event));
  }

  static std::optional<double> quantity_of(const MeantEvent& event) {
    if (!has_quantity(*event.rule->type) || std::isnan(event.value)) return std::nullopt;
    return std::abs(event.value);
  }

  void take(std::uint32_t place) {
    const MeantEvent& event = at(place);
    const InteractionType& type = *event.rule->type;
    weights_[order_[place]] = {};
    if (!type.undoes.empty()) undo(event);
    if (type.meaning == InteractionMeaning::kUndo || type.meaning == InteractionMeaning::kShown) return;
    Stack& own = stack_of(event.rule);
    if (type.takes_back(event.value)) {
      if (type.repeats == InteractionRepeats::kNewest || type.repeats == InteractionRepeats::kFirst) {
        drop_all(&own);
      } else {
        take_back({&own}, quantity_of(event));
      }
      return;
    }
    switch (type.repeats) {
      case InteractionRepeats::kNewest: drop_all(&own); break;
      case InteractionRepeats::kFirst:
        if (!own.counting.empty()) return;
        break;
      case InteractionRepeats::kCapped:
        if (own.counting.size() >= type.cap) return;
        break;
      case InteractionRepeats::kAdd: break;
    }
    weights_[order_[place]] = {type.signed_weight(event.value), true};
    left_[place] = quantity_of(event).value_or(1);
    own.counting.push_back(place);
  }

  std::span<const MeantEvent> events_;
  std::span<const std::uint32_t> order_;
  std::vector<EventWeight>& weights_;
  std::vector<double> left_;  // of each act that counts: what has not been taken back
  std::vector<Stack> stacks_;
};

// Calls `visit(order)` for the events of each item, by ascending item.
template <typename Visit>
void for_each_item(std::span<const MeantEvent> events, const Visit& visit) {
  std::vector<std::uint32_t> order(events.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return events[a].item < events[b].item; });
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && events[order[end]].item == events[order[begin]].item) ++end;
    visit(std::span<const std::uint32_t>(order).subspan(begin, end - begin));
    begin = end;
  }
}

bool stands_alone(const MeantEvent& event) {
  return !event.rule->is_special && !event.rule->type->takes_back(event.value);
}

const models::ValueScale* scale_of(const MeantEvent& event, const RatingScales& scales) {
  const InteractionType& type = *event.rule->type;
  if (type.meaning != InteractionMeaning::kPositive || type.value != InteractionValue::kRating ||
      std::isnan(event.value))
    return nullptr;
  const auto found = scales.find(event.rule->name);
  return found == scales.end() ? nullptr : &found->second;
}

// Compares the ratings that count with their mean, then settles the signs again.
void centre_ratings(std::span<const MeantEvent> events, const RatingScales& scales, std::vector<EventWeight>* weights) {
  models::RatingMean mean;
  std::vector<std::pair<std::size_t, double>> ratings;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const models::ValueScale* scale = (*weights)[i].counts ? scale_of(events[i], scales) : nullptr;
    if (scale == nullptr) continue;
    ratings.emplace_back(i, scale->standardize(events[i].value));
    mean.add(ratings.back().second);
  }
  if (ratings.empty()) return;
  for (std::size_t i = 0; i < events.size(); ++i)
    if ((*weights)[i].counts) (*weights)[i].weight = events[i].rule->type->signed_weight(events[i].value);
  for (const auto& [i, standardized] : ratings)
    (*weights)[i].weight = kRatingAtTheMean * events[i].rule->type->weight * mean.preference(standardized);
  for_each_item(events, [&](std::span<const std::uint32_t> order) { settle_signs(order, weights); });
}

// Each by its own value.
std::vector<EventWeight> weigh_uncentred(std::span<const MeantEvent> events) {
  std::vector<EventWeight> weights(events.size());
  if (std::all_of(events.begin(), events.end(), stands_alone)) {
    for (std::size_t i = 0; i < events.size(); ++i) {
      const InteractionType& type = *events[i].rule->type;
      const bool is_act = type.meaning != InteractionMeaning::kUndo && type.meaning != InteractionMeaning::kShown;
      weights[i] = {type.signed_weight(events[i].value), is_act};
    }
    return weights;
  }
  for_each_item(events, [&](std::span<const std::uint32_t> order) { PairWeigher(events, order, &weights).run(); });
  return weights;
}

}  // namespace

std::vector<EventWeight> weigh_events(std::span<const MeantEvent> events, const RatingScales* scales) {
  std::vector<EventWeight> weights = weigh_uncentred(events);
  for (EventWeight& weight : weights) weight.uncentred = weight.weight;
  if (scales != nullptr && !scales->empty()) centre_ratings(events, *scales, &weights);
  return weights;
}

std::vector<ItemPreference> weigh_items(std::span<const MeantEvent> events) {
  std::vector<EventWeight> weights(events.size());
  std::vector<ItemPreference> items;
  for_each_item(events, [&](std::span<const std::uint32_t> order) {
    items.push_back({events[order.front()].item, PairWeigher(events, order, &weights).run()});
  });
  return items;
}

Preference weigh_pair(std::span<const MeantEvent> events) {
  std::vector<EventWeight> weights(events.size());
  std::vector<std::uint32_t> order(events.size());
  std::iota(order.begin(), order.end(), 0U);
  return PairWeigher(events, order, &weights).run();
}

}  // namespace tamis::engine
