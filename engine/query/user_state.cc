#include "engine/query/user_state.h"

#include <algorithm>
#include <cmath>
#include <ranges>

#include "engine/interaction_weight.h"
#include "engine/query/stamped_array.h"

namespace tamis::engine {
namespace {

// interaction_weight() by interned type, each type looked up once per query.
class TypeWeights {
 public:
  explicit TypeWeights(const ReadState& state) : state_(state) {}

  struct Type {
    storage::InteractionTypeId id;
    bool is_rating;
    double weight;
  };
  const Type& find(storage::InteractionTypeId type) {
    const Type* known = nullptr;
    for (const Type& candidate : types_) {
      if (candidate.id == type) known = &candidate;
    }
    if (known == nullptr) {
      const std::string name = state_.store->interaction_type_name(type);
      types_.push_back(
          {type, is_rating_type(name), interaction_type_weight(name, state_.options->interaction_weights)});
      known = &types_.back();
    }
    return *known;
  }

 private:
  const ReadState& state_;
  std::vector<Type> types_;  // a handful
};

// Collects weighted events into one entry per item.
class HistoryBuilder {
 public:
  explicit HistoryBuilder(UserState* state) : items_(&state->items), events_(&state->events) { slots().clear(); }

  // `type_weight` and `is_rating` are those of the interaction's type.
  void add(DenseId item, double type_weight, bool is_rating, double value, TimestampMs timestamp_ms) {
    const double weight = interaction_weight_of(type_weight, is_rating, value);
    if (!(weight > 0)) return;
    events_->push_back(
        {item, static_cast<float>(weight), timestamp_ms, is_rating ? static_cast<float>(value) : models::kNoRating});
    if (!slots().contains(item)) {
      slots()[item] = static_cast<std::uint32_t>(items_->size());
      items_->push_back({.item = item, .weight = 0, .timestamp_ms = timestamp_ms});
    }
    HistoryItem& entry = (*items_)[slots()[item]];
    entry.weight += static_cast<float>(weight);
    entry.timestamp_ms = std::max(entry.timestamp_ms, timestamp_ms);
  }

 private:
  static StampedArray<std::uint32_t>& slots() {
    thread_local StampedArray<std::uint32_t> item_to_slot;
    return item_to_slot;
  }
  std::vector<HistoryItem>* items_;
  std::vector<HistoryItem>* events_;
};

}  // namespace

UserState::Rows UserState::rows_of(const Generation& generation) const {
  Rows result;
  result.rows.reserve(items.size());
  result.weights.reserve(items.size());
  result.items.reserve(items.size());
  for (const HistoryItem& entry : items) {
    if (entry.item >= generation.item_rows.size() || generation.item_rows[entry.item] == kNoDenseId) continue;
    result.rows.push_back(generation.item_rows[entry.item]);
    result.weights.push_back(entry.weight);
    result.items.push_back(entry.item);
  }
  return result;
}

std::vector<models::HistoryEvent> UserState::events_of(const Generation& generation) const {
  std::vector<models::HistoryEvent> result;
  result.reserve(events.size());
  for (const HistoryItem& event : events) {
    const std::uint32_t row = generation.row_of(EntityKind::kItem, event.item);
    if (row != kNoDenseId) result.push_back({row, event.weight, event.timestamp_ms, event.rating});
  }
  return result;
}

Result<UserState> load_user_state(const ReadState& state, std::string_view user, std::span<const HistoryEntry> history,
                                  TimestampMs now_ms) {
  UserState result;
  HistoryBuilder builder(&result);
  // Newest first, as the stored history is; of one moment the later entry is the newer.
  for (const HistoryEntry& entry : std::views::reverse(history)) {
    const auto item = state.store->ids(EntityKind::kItem).find(entry.item);
    if (!item) continue;  // an item that the database has not heard of says nothing
    builder.add(*item, interaction_type_weight(entry.type, state.options->interaction_weights),
                is_rating_type(entry.type), entry.value, entry.timestamp_ms == kNoTime ? now_ms : entry.timestamp_ms);
  }
  if (const auto id = user.empty() ? std::nullopt : state.store->ids(EntityKind::kUser).find(user); id) {
    result.user = *id;
    TAMIS_ASSIGN_OR_RETURN(const std::shared_ptr<const UserHistory> stored, state.histories->get(*id));
    TypeWeights weights(state);
    for (const HistoryEvent& event : stored->events) {
      const auto& type = weights.find(event.type);
      builder.add(event.item, type.weight, type.is_rating, event.value, event.timestamp_ms);
    }
    result.entity = state.users->get(*id, now_ms);
    result.is_known = !stored->events.empty() || state.users->is_live(*id, now_ms);
  }
  std::stable_sort(result.items.begin(), result.items.end(),
                   [](const HistoryItem& a, const HistoryItem& b) { return a.timestamp_ms > b.timestamp_ms; });
  std::reverse(result.events.begin(), result.events.end());
  std::stable_sort(result.events.begin(), result.events.end(),
                   [](const HistoryItem& a, const HistoryItem& b) { return a.timestamp_ms < b.timestamp_ms; });
  return result;
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
    if (const auto item = state.store->ids(EntityKind::kItem).find(entry.item)) seen.push_back(*item);
  }
  if (!history.empty()) {
    std::sort(seen.begin(), seen.end());
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  }
  return seen;
}

}  // namespace tamis::engine
