#include "engine/learn/dataset.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <map>
#include <numeric>
#include <optional>
#include <unordered_map>
#include <utility>

#include "common/record_checks.h"
#include "engine/interactions/stored_types.h"
#include "engine/interactions/weigh_events.h"
#include "engine/learn/clip_outliers.h"
#include "engine/live/history_cache.h"

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

// Numbers distinct contexts, from 1 on; past kMost of them, new ones count as none.
class Contexts {
 public:
  std::uint32_t number(const Features& context) {
    if (context.empty()) return 0;
    if (context.contains(kBasketContext)) {
      Features others = context;
      others.erase(others.find(kBasketContext));
      return number(others);
    }
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
std::vector<std::string> compact_ids(std::initializer_list<std::vector<models::TimedInteraction>*> lists,
                                     std::uint32_t models::TimedInteraction::*member, const storage::IdTable& ids) {
  std::vector<std::uint32_t> rows;
  for (const auto* list : lists) {
    for (const models::TimedInteraction& event : *list) {
      if (event.*member >= rows.size()) rows.resize(event.*member + std::size_t{1}, kNoDenseId);
      rows[event.*member] = 0;
    }
  }
  std::vector<std::string> names;
  for (std::size_t id = 0; id < rows.size(); ++id) {
    if (rows[id] == kNoDenseId) continue;
    rows[id] = static_cast<std::uint32_t>(names.size());
    names.push_back(ids.name(static_cast<DenseId>(id)));
  }
  for (auto* list : lists)
    for (models::TimedInteraction& event : *list) event.*member = rows[event.*member];
  return names;
}

// Makes a copy. Following the cycles in place was slower: each step waits for the memory access before it.
template <typename T>
void permute(const std::vector<std::uint32_t>& order, std::vector<T>* values) {
  if (values->empty()) return;
  std::vector<T> sorted;
  sorted.reserve(values->size());
  for (const std::uint32_t from : order) sorted.push_back((*values)[from]);
  *values = std::move(sorted);
}

// Stable: those of one user at one moment stay in the order of their arrival.
void sort_by_time(Dataset* dataset) {
  std::vector<std::uint32_t> order(dataset->events.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return dataset->events[a].timestamp_ms < dataset->events[b].timestamp_ms;
  });
  permute(order, &dataset->events);
  const auto by_time = [](const models::TimedInteraction& a, const models::TimedInteraction& b) {
    return a.timestamp_ms < b.timestamp_ms;
  };
  std::stable_sort(dataset->negatives.begin(), dataset->negatives.end(), by_time);
  std::stable_sort(dataset->ratings.begin(), dataset->ratings.end(), by_time);
  permute(order, &dataset->event_types);
  permute(order, &dataset->event_values);
  permute(order, &dataset->event_contexts);
  permute(order, &dataset->event_baskets);
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

// The features of `names`, by their row; those of the other entities in `live` go to `others`, where it is not null.
Result<std::vector<Features>> load_features(const storage::Store& store, EntityKind kind,
                                            const std::vector<std::string>& names, const std::atomic<bool>* cancelled,
                                            const std::vector<bool>& live, std::vector<Features>* others) {
  std::unordered_map<DenseId, std::size_t> rows;
  for (std::size_t row = 0; row < names.size(); ++row)
    if (const auto id = store.ids(kind).find(names[row])) rows.emplace(*id, row);
  std::vector<Features> features(names.size());
  std::uint64_t scanned = 0;
  bool stopped = false;
  TAMIS_RETURN_IF_ERROR(store.scan_entities(kind, 0, [&](DenseId id, Entity&& entity) {
    stopped = ++scanned % kCancelCheckInterval == 0 && is_cancelled(cancelled);
    const auto row = rows.find(id);
    if (row != rows.end()) features[row->second] = std::move(entity.features);
    if (row == rows.end() && others != nullptr && id < live.size() && live[id])
      others->push_back(std::move(entity.features));
    return !stopped;
  }));
  if (stopped) return cancelled_status();
  return features;
}

bool is_rating(const InteractionType& type) {
  return type.value == InteractionValue::kRating && type.meaning == InteractionMeaning::kPositive;
}

// How the ratings of each type spread, by the first kEnough of each in the store's order. A pass over the store that
// ends early, and is left out where no type in use has ratings.
Result<RatingScales> measure_rating_scales(const storage::Store& store, TypeRules* rules, Sequence last,
                                           const std::atomic<bool>* cancelled) {
  constexpr std::size_t kEnough = 200'000;
  std::map<std::string, std::vector<double>> values;
  for (const InteractionType& type : rules->types().list())
    if (is_rating(type) && store.find_interaction_type(type.name)) values[type.name] = {};
  std::size_t wanted = values.size();
  if (wanted == 0) return RatingScales();
  bool stopped = false;
  std::uint64_t rows = 0;
  TAMIS_RETURN_IF_ERROR(store.scan_interactions(false, [&](const storage::StoredInteraction& row) {
    stopped = ++rows % kCancelCheckInterval == 0 && is_cancelled(cancelled);
    const TypeRule& rule = rules->of(row.type);
    if (!row.value || !is_rating(*rule.type) || row.sequence > last ||
        !is_sound_interaction(row.value, row.timestamp_ms))
      return !stopped;
    std::vector<double>& known = values[rule.name];
    if (known.size() == kEnough) return !stopped;
    known.push_back(*row.value);
    if (known.size() == kEnough) --wanted;
    return !stopped && wanted > 0;
  }));
  if (stopped) return cancelled_status();
  RatingScales scales;
  for (const auto& [type, known] : values)
    if (!known.empty()) scales[type] = models::measure_values(known);
  return scales;
}

// Weighs the interactions of one user after the other and keeps what counts.
class UserEvents {
 public:
  UserEvents(TypeRules rules, bool with_context, bool with_baskets, Dataset* dataset)
      : rules_(std::move(rules)), with_context_(with_context), with_baskets_(with_baskets), dataset_(*dataset) {}

  // `row` comes by user, newest first within a user, as the store has them.
  void add(const storage::StoredInteraction& row) {
    if (!rows_.empty() && rows_.front().user != row.user) flush();
    rows_.push_back({.user = row.user,
                     .item = row.item,
                     .type = row.type,
                     .value = row.value.value_or(kNoValue),
                     .timestamp_ms = row.timestamp_ms,
                     .context = with_context_ ? contexts_.number(row.context) : 0,
                     .basket = with_baskets_ ? number_basket(row.context) : 0});
  }
  // Call it after the last row.
  void flush() {
    events_.clear();
    for (auto row = rows_.rbegin(); row != rows_.rend(); ++row)
      events_.push_back({row->item, &rules_.of(row->type), row->value, row->timestamp_ms});
    const std::vector<EventWeight> weights = weigh_events(events_, &dataset_.rating_scales);
    // Oldest first, so that those of one moment stay in the order of their arrival.
    for (std::size_t i = 0; i < rows_.size(); ++i)
      if (weights[i].counts) keep(rows_[rows_.size() - 1 - i], weights[i]);
    rows_.clear();
    user_baskets_.clear();
  }
  std::vector<Features> take_contexts() { return contexts_.take(); }
  bool has_baskets() const { return baskets_ > 0; }

 private:
  struct Row {
    DenseId user;
    DenseId item;
    storage::InteractionTypeId type;
    double value;
    TimestampMs timestamp_ms;
    std::uint32_t context;
    std::uint32_t basket;
  };

  // Of the user at hand.
  std::uint32_t number_basket(const Features& context) {
    const auto named = context.find(kBasketContext);
    if (named == context.end()) return 0;
    const auto [known, is_new] = user_baskets_.try_emplace(named->second, baskets_ + 1);
    if (is_new) ++baskets_;
    return known->second;
  }

  void keep(const Row& row, const EventWeight& counted) {
    const double weight = counted.weight;
    const bool is_rating = rules_.of(row.type).type->value == InteractionValue::kRating && !std::isnan(row.value);
    const models::TimedInteraction event{.user = row.user,
                                         .item = row.item,
                                         .weight = static_cast<float>(std::abs(weight)),
                                         .timestamp_ms = row.timestamp_ms,
                                         .rating = is_rating ? history_value(row.value) : models::kNoRating,
                                         .popularity = static_cast<float>(counted.uncentred)};
    if (is_rating) dataset_.ratings.push_back(event);
    if (weight < 0) dataset_.negatives.push_back(event);
    if (!(weight > 0)) return;
    dataset_.events.push_back(event);
    dataset_.event_types.push_back(row.type);
    dataset_.event_values.push_back(std::isnan(row.value) ? 1 : history_value(row.value));
    if (with_context_) dataset_.event_contexts.push_back(row.context);
    if (with_baskets_) dataset_.event_baskets.push_back(row.basket);
  }

  TypeRules rules_;
  const bool with_context_;
  const bool with_baskets_;
  Dataset& dataset_;
  Contexts contexts_;
  std::map<FeatureValue, std::uint32_t> user_baskets_;  // of the user at hand
  std::uint32_t baskets_ = 0;
  std::vector<Row> rows_;  // of one user, as they came
  std::vector<MeantEvent> events_;
};

}  // namespace

Result<Dataset> load_dataset(const storage::Store& store, std::shared_ptr<const InteractionTypes> types,
                             TimestampMs now_ms, const std::atomic<bool>* cancelled, bool with_features,
                             bool with_baskets) {
  Dataset dataset;
  dataset.sequence = store.last_sequence();
  TAMIS_ASSIGN_OR_RETURN(const std::vector<bool> live_users, scan_live(store, EntityKind::kUser, now_ms, cancelled));
  TAMIS_ASSIGN_OR_RETURN(const std::vector<bool> live_items, scan_live(store, EntityKind::kItem, now_ms, cancelled));

  TypeRules rules = make_type_rules(store, std::move(types));
  TAMIS_ASSIGN_OR_RETURN(dataset.rating_scales, measure_rating_scales(store, &rules, dataset.sequence, cancelled));
  const std::uint64_t most = store.counts().interactions;
  dataset.events.reserve(most);
  dataset.event_types.reserve(most);
  dataset.event_values.reserve(most);
  UserEvents events(std::move(rules), with_features, with_baskets, &dataset);
  bool stopped = false;
  std::uint64_t rows = 0;
  TAMIS_RETURN_IF_ERROR(
      store.scan_interactions(with_features || with_baskets, [&](const storage::StoredInteraction& interaction) {
        if (++rows % kCancelCheckInterval == 0 && is_cancelled(cancelled)) {
          stopped = true;
          return false;
        }
        if (interaction.sequence > dataset.sequence) return true;
        if (!is_sound_interaction(interaction.value, interaction.timestamp_ms)) return true;  // set aside
        ++dataset.interactions;
        if (interaction.user >= live_users.size() || !live_users[interaction.user]) return true;
        if (interaction.item >= live_items.size() || !live_items[interaction.item]) return true;
        events.add(interaction);
        return true;
      }));
  if (stopped) return cancelled_status();
  events.flush();

  dataset.contexts = events.take_contexts();
  if (dataset.contexts.empty()) dataset.event_contexts.clear();
  if (!events.has_baskets()) dataset.event_baskets.clear();
  sort_by_time(&dataset);
  name_types(store, &dataset);
  const auto lists = {&dataset.events, &dataset.negatives, &dataset.ratings};
  dataset.users = compact_ids(lists, &models::TimedInteraction::user, store.ids(EntityKind::kUser));
  dataset.items = compact_ids(lists, &models::TimedInteraction::item, store.ids(EntityKind::kItem));
  clip_outliers(&dataset);
  if (with_features) {
    TAMIS_ASSIGN_OR_RETURN(dataset.user_features,
                           load_features(store, EntityKind::kUser, dataset.users, cancelled, live_users, nullptr));
    TAMIS_ASSIGN_OR_RETURN(dataset.item_features, load_features(store, EntityKind::kItem, dataset.items, cancelled,
                                                                live_items, &dataset.other_item_features));
  }
  return dataset;
}

models::TrainingData Dataset::training_data(std::size_t begin, std::size_t end) const {
  const auto first_at = [](const std::vector<models::TimedInteraction>& list, TimestampMs time_ms) {
    return std::partition_point(list.begin(), list.end(),
                                [&](const models::TimedInteraction& event) { return event.timestamp_ms < time_ms; });
  };
  const auto same_time = [&](const std::vector<models::TimedInteraction>& list) {
    const auto first = begin == 0 ? list.begin() : first_at(list, events[begin].timestamp_ms);
    const auto last = end == events.size() ? list.end() : first_at(list, events[end].timestamp_ms);
    return first < last ? std::span<const models::TimedInteraction>(first, last)
                        : std::span<const models::TimedInteraction>();
  };
  const auto part_of = [&]<typename T>(const std::vector<T>& of_events) {
    return of_events.empty() ? std::span<const T>() : std::span<const T>(of_events).subspan(begin, end - begin);
  };
  return {.users = static_cast<std::uint32_t>(users.size()),
          .items = static_cast<std::uint32_t>(items.size()),
          .events = std::span(events).subspan(begin, end - begin),
          .negatives = same_time(negatives),
          .ratings = same_time(ratings),
          .user_features = user_features,
          .item_features = item_features,
          .other_item_features = other_item_features,
          .contexts = contexts,
          .event_contexts = part_of(event_contexts),
          .event_types = part_of(event_types),
          .types = types,
          .event_baskets = part_of(event_baskets),
          .has_times = !is_retimed,
          .text_embedders = text_embedders};
}

}  // namespace tamis::engine
