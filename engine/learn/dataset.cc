#include "engine/learn/dataset.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "common/record_checks.h"
#include "engine/history_cache.h"
#include "engine/interaction_weight.h"

namespace tamis::engine {
namespace {

constexpr std::uint64_t kCancelCheckInterval = 4'096;  // rows

bool is_cancelled(const std::atomic<bool>* cancelled) {
  return cancelled != nullptr && cancelled->load(std::memory_order_relaxed);
}

Status cancelled_status() { return Status::unavailable("training was cancelled"); }

// Which dense ids name a live entity, as a bitmap by dense id.
Result<std::vector<bool>> scan_live(const storage::Store& store, EntityKind kind, TimestampMs now_ms,
                                    const std::atomic<bool>* cancelled) {
  std::vector<bool> live;
  std::uint64_t rows = 0;
  bool stopped = false;
  TAMIS_RETURN_IF_ERROR(store.scan_entities(kind, 0, [&](DenseId id, Entity&& entity) {
    if (++rows % kCancelCheckInterval == 0 && is_cancelled(cancelled)) {
      stopped = true;
      return false;
    }
    if (live.size() <= id) live.resize(id + 1, false);
    live[id] = entity.expires_ms == 0 || entity.expires_ms > now_ms;
    return true;
  }));
  if (stopped) return cancelled_status();
  return live;
}

// The weights of interaction types by their interned id, looked up once each.
class TypeWeights {
 public:
  TypeWeights(const storage::Store& store, const std::map<std::string, double>& weights)
      : store_(store), weights_(weights) {}

  struct Type {
    double weight;
    bool is_rating;
  };
  const Type& find(storage::InteractionTypeId type) {
    if (types_.size() <= type) types_.resize(type + std::size_t{1});
    std::optional<Type>& known = types_[type];
    if (!known) {
      const std::string name = store_.interaction_type_name(type);
      known = Type{interaction_type_weight(name, weights_), is_rating_type(name)};
    }
    return *known;
  }

 private:
  const storage::Store& store_;
  const std::map<std::string, double>& weights_;
  std::vector<std::optional<Type>> types_;
};

// Numbers distinct contexts, from 1 on; past kMost of them, new ones count as none.
class Contexts {
 public:
  std::uint32_t number(const Features& context) {
    if (context.empty()) return 0;
    if (const auto known = numbers_.find(context); known != numbers_.end()) return known->second;
    if (numbers_.size() == kMost) return 0;
    return numbers_.emplace(context, static_cast<std::uint32_t>(numbers_.size() + 1)).first->second;
  }
  // By number; empty where there was none.
  std::vector<Features> take() {
    std::vector<Features> contexts(numbers_.empty() ? 0 : numbers_.size() + 1);
    while (!numbers_.empty()) {
      auto node = numbers_.extract(numbers_.begin());
      contexts[node.mapped()] = std::move(node.key());
    }
    return contexts;
  }

 private:
  static constexpr std::size_t kMost = 1'000'000;
  std::map<Features, std::uint32_t> numbers_;
};

// Replaces the ids of one member by rows 0, 1, ... in ascending order of the ids that occur; gives their names.
std::vector<std::string> compact_ids(std::vector<models::TimedInteraction>& events,
                                     std::uint32_t models::TimedInteraction::*member, const storage::IdTable& ids) {
  DenseId largest = 0;
  for (const models::TimedInteraction& event : events) largest = std::max(largest, event.*member);
  std::vector<std::uint32_t> rows(events.empty() ? 0 : std::size_t{largest} + 1, kNoDenseId);
  for (const models::TimedInteraction& event : events) rows[event.*member] = 0;
  std::vector<std::string> names;
  for (std::size_t id = 0; id < rows.size(); ++id) {
    if (rows[id] == kNoDenseId) continue;
    rows[id] = static_cast<std::uint32_t>(names.size());
    names.push_back(ids.name(static_cast<DenseId>(id)));
  }
  for (models::TimedInteraction& event : events) event.*member = rows[event.*member];
  return names;
}

template <typename T>
void permute(const std::vector<std::uint32_t>& order, std::vector<T>* values) {
  std::vector<T> sorted;
  sorted.reserve(values->size());
  for (const std::uint32_t from : order) sorted.push_back((*values)[from]);
  *values = std::move(sorted);
}

// Stable: ties stay in the store's order.
void sort_by_time(Dataset* dataset) {
  std::vector<std::uint32_t> order(dataset->events.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return dataset->events[a].timestamp_ms < dataset->events[b].timestamp_ms;
  });
  permute(order, &dataset->events);
  permute(order, &dataset->event_types);
  permute(order, &dataset->event_values);
  if (!dataset->event_contexts.empty()) permute(order, &dataset->event_contexts);
}

// Turns the store's ids of types into places in a list of their names.
void name_types(const storage::Store& store, Dataset* dataset) {
  std::map<std::uint16_t, std::uint16_t> places;
  for (std::uint16_t& type : dataset->event_types) {
    const auto [place, is_new] = places.try_emplace(type, static_cast<std::uint16_t>(dataset->types.size()));
    if (is_new) dataset->types.push_back(store.interaction_type_name(type));
    type = place->second;
  }
}

// The features of `names`, by their row.
Result<std::vector<Features>> load_features(const storage::Store& store, EntityKind kind,
                                            const std::vector<std::string>& names, const std::atomic<bool>* cancelled) {
  std::unordered_map<DenseId, std::size_t> rows;
  for (std::size_t row = 0; row < names.size(); ++row)
    if (const auto id = store.ids(kind).find(names[row])) rows.emplace(*id, row);
  std::vector<Features> features(names.size());
  std::uint64_t scanned = 0;
  bool stopped = false;
  TAMIS_RETURN_IF_ERROR(store.scan_entities(kind, 0, [&](DenseId id, Entity&& entity) {
    stopped = ++scanned % kCancelCheckInterval == 0 && is_cancelled(cancelled);
    if (const auto row = rows.find(id); row != rows.end()) features[row->second] = std::move(entity.features);
    return !stopped;
  }));
  if (stopped) return cancelled_status();
  return features;
}

}  // namespace

Result<Dataset> load_dataset(const storage::Store& store, const std::map<std::string, double>& type_weights,
                             TimestampMs now_ms, const std::atomic<bool>* cancelled, bool with_features) {
  Dataset dataset;
  dataset.sequence = store.last_sequence();
  TAMIS_ASSIGN_OR_RETURN(const std::vector<bool> live_users, scan_live(store, EntityKind::kUser, now_ms, cancelled));
  TAMIS_ASSIGN_OR_RETURN(const std::vector<bool> live_items, scan_live(store, EntityKind::kItem, now_ms, cancelled));

  TypeWeights weights(store, type_weights);
  Contexts contexts;
  bool stopped = false;
  std::uint64_t rows = 0;
  TAMIS_RETURN_IF_ERROR(store.scan_interactions(with_features, [&](const storage::StoredInteraction& interaction) {
    if (++rows % kCancelCheckInterval == 0 && is_cancelled(cancelled)) {
      stopped = true;
      return false;
    }
    if (interaction.sequence > dataset.sequence) return true;
    if (!is_sound_interaction(interaction.value, interaction.timestamp_ms)) return true;  // set aside
    ++dataset.interactions;
    if (interaction.user >= live_users.size() || !live_users[interaction.user]) return true;
    if (interaction.item >= live_items.size() || !live_items[interaction.item]) return true;
    const auto& [type_weight, is_rating] = weights.find(interaction.type);
    const double value = interaction.value.value_or(1);
    const double weight = interaction_weight_of(type_weight, is_rating, value);
    if (weight <= 0) return true;
    dataset.events.push_back({.user = interaction.user,
                              .item = interaction.item,
                              .weight = static_cast<float>(weight),
                              .timestamp_ms = interaction.timestamp_ms,
                              .rating = is_rating ? static_cast<float>(value) : models::kNoRating});
    dataset.event_types.push_back(interaction.type);
    dataset.event_values.push_back(history_value(interaction.value));
    if (with_features) dataset.event_contexts.push_back(contexts.number(interaction.context));
    return true;
  }));
  if (stopped) return cancelled_status();

  dataset.contexts = contexts.take();
  if (dataset.contexts.empty()) dataset.event_contexts.clear();
  sort_by_time(&dataset);
  name_types(store, &dataset);
  dataset.users = compact_ids(dataset.events, &models::TimedInteraction::user, store.ids(EntityKind::kUser));
  dataset.items = compact_ids(dataset.events, &models::TimedInteraction::item, store.ids(EntityKind::kItem));
  if (with_features) {
    TAMIS_ASSIGN_OR_RETURN(dataset.user_features, load_features(store, EntityKind::kUser, dataset.users, cancelled));
    TAMIS_ASSIGN_OR_RETURN(dataset.item_features, load_features(store, EntityKind::kItem, dataset.items, cancelled));
  }
  return dataset;
}

models::TrainingData Dataset::training_data(std::size_t begin, std::size_t end) const {
  return {.users = static_cast<std::uint32_t>(users.size()),
          .items = static_cast<std::uint32_t>(items.size()),
          .events = std::span(events).subspan(begin, end - begin),
          .user_features = user_features,
          .item_features = item_features,
          .contexts = contexts,
          .event_contexts = event_contexts.empty()
                                ? std::span<const std::uint32_t>()
                                : std::span<const std::uint32_t>(event_contexts).subspan(begin, end - begin),
          .text_embedders = text_embedders};
}

}  // namespace tamis::engine
