#include "engine/live/item_counter.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "common/clock.h"
#include "common/record_checks.h"

namespace tamis::engine {
namespace {

constexpr std::uint64_t kCacheBytes = 64ull << 20;
constexpr std::size_t kMostAhead = 1'000'000;  // events dated ahead of the clock whose counts are put right later

std::int64_t day_of(TimestampMs timestamp_ms) {
  return timestamp_ms >= 0 ? timestamp_ms / kDayMs : (timestamp_ms - kDayMs + 1) / kDayMs;
}

// Keys of PairFilter: a pair; a pair with an event that does not stand alone; a pair, type and day.
std::uint64_t pair_key(DenseId user, DenseId item) { return PairFilter::key_of(user, item, 0); }
std::uint64_t special_key(DenseId user, DenseId item) { return PairFilter::key_of(user, item, 1); }
std::uint64_t day_key(DenseId user, DenseId item, storage::InteractionTypeId type, TimestampMs timestamp_ms) {
  return PairFilter::key_of(user, item, 2 + type + (static_cast<std::uint64_t>(day_of(timestamp_ms)) << 20));
}

}  // namespace

ItemCounter::ItemCounter(const DatabaseOptions* options, const storage::Store* store, ItemStatistics* statistics,
                         std::shared_ptr<const InteractionTypes> types)
    : options_(options), store_(store), statistics_(statistics), users_(kCacheBytes) {
  set_types(std::move(types));
}

ItemCounter::Meaning ItemCounter::make_meaning(std::shared_ptr<const InteractionTypes> types) const {
  return {types, make_type_rules(*store_, types)};
}

void ItemCounter::set_types(std::shared_ptr<const InteractionTypes> types) {
  current_ = std::make_unique<Meaning>(make_meaning(std::move(types)));
}

TypeRules& ItemCounter::rules_of(DenseId user) {
  return next_ != nullptr && user < recounted_ ? next_->rules : current_->rules;
}

ItemCounter::Event ItemCounter::event_of(const storage::StoredInteraction& stored) {
  return {stored.item, stored.type, stored.value.value_or(kNoValue), stored.timestamp_ms, stored.sequence};
}

bool ItemCounter::comes_before(const Event& a, const Event& b) {
  return std::tie(a.timestamp_ms, a.sequence) < std::tie(b.timestamp_ms, b.sequence);
}

void ItemCounter::insert(Events* events, const Event& event) {
  events->insert(std::upper_bound(events->begin(), events->end(), event, comes_before), event);
}

std::vector<double> ItemCounter::counts_of(std::span<const Event> events, TypeRules* rules) const {
  std::vector<MeantEvent> meant;
  meant.reserve(events.size());
  for (const Event& event : events)
    meant.push_back({event.item, &rules->of(event.type), event.value, event.timestamp_ms});
  const std::vector<EventWeight> weights = weigh_events(meant);
  std::vector<double> counts(events.size());
  std::map<std::tuple<DenseId, storage::InteractionTypeId, std::int64_t>, std::uint32_t> of_day;
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (weights[i].weight == 0) continue;
    const Event& event = events[i];
    const bool is_repeat = options_->daily_repeats > 0 && events.size() > 1 &&
                           ++of_day[{event.item, event.type, day_of(event.timestamp_ms)}] > options_->daily_repeats;
    if (!is_repeat) counts[i] = weights[i].weight;
  }
  return counts;
}

void ItemCounter::change(DenseId item, double weight, TimestampMs timestamp_ms, bool add) {
  if (weight == 0) return;
  // A date ahead of the clock counts as now: it must not lead `trending` until then.
  TimestampMs counted_ms = std::min(timestamp_ms, options_->clock->now_ms());
  if (add) {
    if (counted_ms < timestamp_ms && ahead_.size() < kMostAhead) {
      ahead_.emplace(timestamp_ms, Saved::Ahead{timestamp_ms, counted_ms, weight, item});
    } else if (counted_ms < timestamp_ms) {
      has_forgotten_ = true;
    }
    statistics_->add(item, weight, counted_ms);
    return;
  }
  const auto [begin, end] = ahead_.equal_range(timestamp_ms);
  const auto counted = std::find_if(
      begin, end, [&](const auto& entry) { return entry.second.item == item && entry.second.weight == weight; });
  if (counted != end) {
    counted_ms = counted->second.counted_ms;
    ahead_.erase(counted);
  }
  statistics_->subtract(item, weight, counted_ms);
}

void ItemCounter::settle(TimestampMs now_ms) {
  while (!ahead_.empty() && ahead_.begin()->first <= now_ms) {
    const Saved::Ahead event = ahead_.begin()->second;
    ahead_.erase(ahead_.begin());
    const auto item = static_cast<DenseId>(event.item);
    statistics_->add(item, event.weight, event.timestamp_ms);
    statistics_->subtract(item, event.weight, event.counted_ms);
  }
}

ItemCounter::Saved ItemCounter::save() const {
  Saved saved;
  for (const auto& [timestamp_ms, event] : ahead_) saved.ahead.push_back(event);
  saved.layers = filter_.save();
  return saved;
}

void ItemCounter::load(Saved saved) {
  const TimestampMs now_ms = options_->clock->now_ms();
  ahead_.clear();
  edits_.clear();
  users_.clear();
  has_forgotten_ = false;
  for (const Saved::Ahead& event : saved.ahead) {
    // As a scan of all events would count it now.
    const auto item = static_cast<DenseId>(event.item);
    change(item, event.weight, event.timestamp_ms, /*add=*/true);
    statistics_->subtract(item, event.weight, event.counted_ms);
  }
  settle(now_ms);
  filter_.load(std::move(saved.layers));
  filter_bytes_.store(filter_.memory_bytes(), std::memory_order_relaxed);
}

void ItemCounter::apply_difference(std::span<const Event> before, std::span<const double> before_counts,
                                   std::span<const Event> after, std::span<const double> after_counts) {
  std::size_t b = 0;
  for (std::size_t a = 0; a < after.size() || b < before.size();) {
    if (b == before.size() || (a < after.size() && comes_before(after[a], before[b]))) {
      change(after[a].item, after_counts[a], after[a].timestamp_ms, /*add=*/true);
      ++a;
    } else if (a == after.size() || comes_before(before[b], after[a])) {
      change(before[b].item, before_counts[b], before[b].timestamp_ms, /*add=*/false);
      ++b;
    } else {
      if (before_counts[b] != after_counts[a]) {
        change(after[a].item, after_counts[a], after[a].timestamp_ms, /*add=*/true);
        change(before[b].item, before_counts[b], before[b].timestamp_ms, /*add=*/false);
      }
      ++a;
      ++b;
    }
  }
}

void ItemCounter::remember(DenseId user, const Event& event, const TypeRule& rule) {
  filter_.add(pair_key(user, event.item));
  filter_.add(day_key(user, event.item, event.type, event.timestamp_ms));
  if (rule.is_special || rule.type->takes_back(event.value)) filter_.add(special_key(user, event.item));
  filter_bytes_.store(filter_.memory_bytes(), std::memory_order_relaxed);
}

void ItemCounter::begin_group(std::span<const storage::CommittedRecord> records) {
  settle(options_->clock->now_ms());
  edits_.clear();
  for (const auto& record : records) {
    if (record.affected.empty()) continue;
    const bool is_move = std::holds_alternative<MergeUser>(record.mutation);
    edits_.push_back({record.sequence, is_move ? record.user : kNoDenseId, record.affected});
  }
}

ItemCounter::Events ItemCounter::read_events(DenseId user, Sequence at) {
  std::map<Sequence, Event> events;
  const auto rows = store_->user_interactions(user, std::numeric_limits<std::size_t>::max());
  if (!rows.is_ok()) {
    spdlog::error("interactions of user {} cannot be read, and what they count is off until a restart: {}", user,
                  rows.status().to_string());
    has_forgotten_ = true;
    return {};
  }
  for (const auto& row : *rows)
    if (is_sound_interaction(row.value, row.timestamp_ms)) events.emplace(row.sequence, event_of(row));
  for (auto edit = edits_.rbegin(); edit != edits_.rend() && edit->sequence >= at; ++edit) {
    for (const auto& row : edit->rows) {
      if (edit->to == user) events.erase(row.sequence);
      if (row.user == user && is_sound_interaction(row.value, row.timestamp_ms))
        events.emplace(row.sequence, event_of(row));
    }
  }
  Events before;
  for (const auto& [sequence, event] : events)
    if (sequence < at) before.push_back(event);
  std::sort(before.begin(), before.end(), comes_before);
  return before;
}

ItemCounter::Events ItemCounter::events_of_item(DenseId user, DenseId item, Sequence at) {
  Events found;
  const auto pick = [&](const Events& events) {
    for (const Event& event : events)
      if (event.item == item) found.push_back(event);
  };
  const auto bytes_of = [](const Events& events) { return events.capacity() * sizeof(Event); };
  const bool is_cached = users_.visit(user, [&](Events& events) {
    pick(events);
    return bytes_of(events);
  });
  if (is_cached) return found;
  const auto ticket = users_.begin_load(user);
  Events events = read_events(user, at);
  pick(events);
  const std::uint64_t bytes = bytes_of(events);
  users_.insert(user, std::move(events), bytes, ticket);
  return found;
}

void ItemCounter::add(const storage::StoredInteraction& stored) {
  const Event event = event_of(stored);
  const DenseId user = stored.user;
  TypeRules& rules = rules_of(user);
  const TypeRule& rule = rules.of(event.type);
  const bool is_alone = !rule.is_special && !rule.type->takes_back(event.value);
  const bool is_first = !filter_.contains(pair_key(user, event.item));
  const bool is_plain =
      is_alone && !filter_.contains(special_key(user, event.item)) &&
      (options_->daily_repeats == 0 || !filter_.contains(day_key(user, event.item, event.type, event.timestamp_ms)));
  if (is_first || is_plain) {
    const std::vector<double> counts = counts_of({&event, 1}, &rules);
    change(event.item, counts[0], event.timestamp_ms, /*add=*/true);
  } else {
    const Events before = events_of_item(user, event.item, stored.sequence);
    Events after = before;
    insert(&after, event);
    recount_user(user, before, after);
  }
  remember(user, event, rule);
  users_.update(user, [&](Events& events) {
    insert(&events, event);
    return events.capacity() * sizeof(Event);
  });
}

void ItemCounter::recount_user(DenseId user, const Events& before, const Events& after) {
  TypeRules& rules = rules_of(user);
  apply_difference(before, counts_of(before, &rules), after, counts_of(after, &rules));
}

void ItemCounter::apply_change(const storage::CommittedRecord& record) {
  std::set<DenseId> users;
  for (const auto& row : record.affected) users.insert(row.user);
  if (!users.empty() && std::holds_alternative<MergeUser>(record.mutation)) users.insert(record.user);
  for (const DenseId user : users) {
    users_.erase(user);
    const Events after = read_events(user, record.sequence + 1);
    recount_user(user, read_events(user, record.sequence), after);
    for (const Event& event : after) remember(user, event, rules_of(user).of(event.type));
  }
}

void ItemCounter::load_user(std::vector<storage::StoredInteraction> rows) {
  if (rows.empty()) return;
  const DenseId user = rows.front().user;
  TypeRules& rules = rules_of(user);
  Events events;
  events.reserve(rows.size());
  for (const auto& row : rows) events.push_back(event_of(row));
  std::sort(events.begin(), events.end(), comes_before);
  const std::vector<double> counts = counts_of(events, &rules);
  for (std::size_t i = 0; i < events.size(); ++i) {
    change(events[i].item, counts[i], events[i].timestamp_ms, /*add=*/true);
    remember(user, events[i], rules.of(events[i].type));
  }
}

void ItemCounter::change_types(std::shared_ptr<const InteractionTypes> types) {
  if (next_ != nullptr) {
    wanted_ = std::move(types);
    return;
  }
  next_ = std::make_unique<Meaning>(make_meaning(std::move(types)));
  recounted_ = 0;
}

bool ItemCounter::recount_some(std::size_t most) {
  if (next_ == nullptr) return true;
  edits_.clear();
  const std::size_t users = store_->ids(EntityKind::kUser).size();
  constexpr std::size_t kCostOfAUser = 8;  // finding its rows, in events
  for (std::size_t done = 0; recounted_ < users && done < most; ++recounted_) {
    const Events events = read_events(recounted_, std::numeric_limits<Sequence>::max());
    apply_difference(events, counts_of(events, &current_->rules), events, counts_of(events, &next_->rules));
    for (const Event& event : events) remember(recounted_, event, next_->rules.of(event.type));
    done += events.size() + kCostOfAUser;
  }
  if (recounted_ < users) return false;
  current_ = std::move(next_);
  if (wanted_ == nullptr) return true;
  change_types(std::exchange(wanted_, nullptr));
  return false;
}

}  // namespace tamis::engine
