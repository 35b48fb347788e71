#include "engine/retrieval/user_state.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <ranges>
#include <set>

#include "engine/interactions/stored_types.h"
#include "engine/interactions/weigh_events.h"
#include "engine/serving/stamped_array.h"

namespace tamis::engine {
namespace {

// The stored and the given events, oldest first; of one moment the given ones are the newer.
std::vector<MeantEvent> gather_events(const ReadState& state, const UserHistory* stored,
                                      std::span<const HistoryEntry> history, TimestampMs now_ms, TypeRules* rules) {
  std::vector<MeantEvent> events;
  if (stored != nullptr) {
    for (const HistoryEvent& event : std::views::reverse(stored->events))
      events.push_back({event.item, &rules->of(event.type), event.value, event.timestamp_ms});
  }
  for (const HistoryEntry& entry : history) {
    const auto item = state.store->ids(EntityKind::kItem).find(entry.item);
    if (!item) continue;  // an item that the database has not heard of says nothing
    events.push_back({*item, &rules->of_name(entry.type), entry.value.value_or(kNoValue),
                      entry.timestamp_ms == kNoTime ? now_ms : entry.timestamp_ms});
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const MeantEvent& a, const MeantEvent& b) { return a.timestamp_ms < b.timestamp_ms; });
  return events;
}

// Sorts weighed events into the lists of the state.
class HistoryBuilder {
 public:
  explicit HistoryBuilder(UserState* state) : state_(*state) { slots().clear(); }

  // Oldest first.
  void add(const MeantEvent& event, const EventWeight& counted) {
    if (!counted.counts) return;
    const bool is_rating = event.rule->type->value == InteractionValue::kRating && !std::isnan(event.value);
    const HistoryItem made{event.item, static_cast<float>(std::abs(counted.weight)), event.timestamp_ms,
                           is_rating ? static_cast<float>(event.value) : models::kNoRating};
    if (counted.weight > 0) state_.events.push_back(made);
    if (counted.weight < 0) state_.negatives.push_back(made);
    if (is_rating) state_.ratings.push_back(made);
  }
  // Once all are there.
  void collect_items() {
    for (const HistoryItem& event : std::views::reverse(state_.events)) {
      if (!slots().contains(event.item)) {
        slots()[event.item] = static_cast<std::uint32_t>(state_.items.size());
        state_.items.push_back({.item = event.item, .weight = 0, .timestamp_ms = event.timestamp_ms});
      }
      state_.items[slots()[event.item]].weight += event.weight;
    }
  }

 private:
  static StampedArray<std::uint32_t>& slots() {
    thread_local StampedArray<std::uint32_t> item_to_slot;
    return item_to_slot;
  }
  UserState& state_;
};

std::vector<models::HistoryEvent> in_rows_of(const Vocabulary& vocabulary, const std::vector<HistoryItem>& events) {
  std::vector<models::HistoryEvent> result;
  result.reserve(events.size());
  for (const HistoryItem& event : events) {
    const std::uint32_t row = vocabulary.row_of(EntityKind::kItem, event.item);
    if (row != kNoDenseId) result.push_back({row, event.weight, event.timestamp_ms, event.rating});
  }
  return result;
}

}  // namespace

UserState::Rows UserState::rows_of(const Vocabulary& vocabulary) const {
  Rows result;
  result.rows.reserve(items.size());
  result.weights.reserve(items.size());
  result.items.reserve(items.size());
  for (const HistoryItem& entry : items) {
    const std::uint32_t row = vocabulary.row_of(EntityKind::kItem, entry.item);
    if (row == kNoDenseId) continue;
    result.rows.push_back(row);
    result.weights.push_back(entry.weight);
    result.items.push_back(entry.item);
  }
  std::map<DenseId, float> turned_down;
  for (const HistoryItem& event : negatives) turned_down[event.item] -= event.weight;
  for (const HistoryItem& entry : items) turned_down.erase(entry.item);
  for (const auto& [item, weight] : turned_down) {
    const std::uint32_t row = vocabulary.row_of(EntityKind::kItem, item);
    if (row == kNoDenseId || !(weight < 0)) continue;
    result.rows.push_back(row);
    result.weights.push_back(weight);
    result.items.push_back(item);
  }
  return result;
}

std::vector<models::HistoryEvent> UserState::events_of(const Vocabulary& vocabulary) const {
  return in_rows_of(vocabulary, events);
}
std::vector<models::HistoryEvent> UserState::negatives_of(const Vocabulary& vocabulary) const {
  return in_rows_of(vocabulary, negatives);
}
std::vector<models::HistoryEvent> UserState::ratings_of(const Vocabulary& vocabulary) const {
  return in_rows_of(vocabulary, ratings);
}

Result<UserState> load_user_state(const ReadState& state, std::string_view user, std::span<const HistoryEntry> history,
                                  TimestampMs now_ms) {
  UserState result;
  result.name = user;
  std::shared_ptr<const UserHistory> stored;
  if (const auto id = user.empty() ? std::nullopt : state.store->ids(EntityKind::kUser).find(user); id) {
    result.user = *id;
    TAMIS_ASSIGN_OR_RETURN(stored, state.histories->get(*id));
    result.entity = state.users->get(*id, now_ms);
    result.is_known = !stored->events.empty() || state.users->is_live(*id, now_ms);
  }
  TypeRules rules = make_type_rules(*state.store, state.interaction_types);
  const std::vector<MeantEvent> events = gather_events(state, stored.get(), history, now_ms, &rules);
  const RatingScales* scales = state.generation == nullptr ? nullptr : &state.generation->rating_scales;
  const std::vector<EventWeight> weights = weigh_events(events, scales);
  HistoryBuilder builder(&result);
  for (std::size_t i = 0; i < events.size(); ++i) builder.add(events[i], weights[i]);
  builder.collect_items();
  return result;
}

Result<std::vector<DenseId>> find_excluded_items(const ReadState& state, DenseId user,
                                                 std::span<const HistoryEntry> history) {
  std::shared_ptr<const UserHistory> stored;
  if (user != kNoDenseId) {
    TAMIS_ASSIGN_OR_RETURN(stored, state.histories->get(user));
    if (history.empty()) return stored->excluded;
  }
  // The given events may undo what the stored ones exclude, or exclude more.
  std::set<DenseId> excluded;
  if (stored != nullptr) excluded.insert(stored->excluded.begin(), stored->excluded.end());
  TypeRules rules = make_type_rules(*state.store, state.interaction_types);
  std::set<DenseId> given;  // with an event that can change it
  for (const HistoryEntry& entry : history) {
    const InteractionType& type = *rules.of_name(entry.type).type;
    if (!type.excludes_item() && type.undoes.empty()) continue;
    if (const auto item = state.store->ids(EntityKind::kItem).find(entry.item)) given.insert(*item);
  }
  std::vector<MeantEvent> events = gather_events(state, stored.get(), history, kMaxTimestampMs, &rules);
  std::erase_if(events, [&](const MeantEvent& event) { return !given.contains(event.item); });
  for (const ItemPreference& item : weigh_items(events)) {
    if (item.preference.is_excluded) {
      excluded.insert(item.item);
    } else {
      excluded.erase(item.item);
    }
  }
  return std::vector<DenseId>(excluded.begin(), excluded.end());
}

Result<std::vector<DenseId>> find_seen_items(const ReadState& state, DenseId user,
                                             std::span<const HistoryEntry> history,
                                             std::span<const std::string> types) {
  std::vector<DenseId> seen;
  if (user != kNoDenseId && types.empty()) {
    TAMIS_ASSIGN_OR_RETURN(const std::shared_ptr<const UserHistory> stored, state.histories->get(user));
    seen = stored->seen;
  } else if (user != kNoDenseId) {
    std::vector<storage::InteractionTypeId> type_ids;
    for (const std::string& type : types) {
      if (const auto id = state.store->find_interaction_type(type)) type_ids.push_back(*id);
    }
    if (!type_ids.empty()) {
      TAMIS_ASSIGN_OR_RETURN(seen, state.histories->seen_of_types(user, type_ids));
    }
  }
  for (const HistoryEntry& entry : history) {
    if (!types.empty() && std::find(types.begin(), types.end(), entry.type) == types.end()) continue;
    if (types.empty() && state.interaction_types->of(entry.type).meaning == InteractionMeaning::kShown) continue;
    if (const auto item = state.store->ids(EntityKind::kItem).find(entry.item)) seen.push_back(*item);
  }
  if (!history.empty()) {
    std::sort(seen.begin(), seen.end());
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  }
  return seen;
}

}  // namespace tamis::engine
