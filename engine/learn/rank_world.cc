#include "engine/learn/rank_world.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <map>
#include <tuple>

#include "common/clock.h"
#include "common/feature_time.h"

namespace tamis::engine {
namespace {

using Member = std::uint32_t models::TimedInteraction::*;

// Offsets of the events of each value of `member`, [count + 1].
std::vector<std::size_t> offsets_by(std::initializer_list<std::span<const models::TimedInteraction>> lists,
                                    Member member, std::size_t count) {
  std::vector<std::size_t> offsets(count + 1);
  for (const auto& list : lists)
    for (const models::TimedInteraction& event : list) ++offsets[event.*member + 1];
  for (std::size_t i = 0; i < count; ++i) offsets[i + 1] += offsets[i];
  return offsets;
}

// Tells the repeats of one user, item, type and day, as the live counts do. Events come in the order of time.
class DailyRepeats {
 public:
  explicit DailyRepeats(std::uint32_t most) : most_(most) {}
  bool is_repeat(const models::TimedInteraction& event, std::uint32_t type) {
    if (most_ == 0) return false;
    const TimestampMs day = event.timestamp_ms / kDayMs - (event.timestamp_ms % kDayMs < 0 ? 1 : 0);
    if (day != day_) counts_.clear();
    day_ = day;
    return ++counts_[{event.user, event.item, type}] > most_;
  }

 private:
  std::uint32_t most_;
  TimestampMs day_ = 0;
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, std::uint32_t> counts_;  // of the day
};

}  // namespace

RankWorld::RankWorld(const Dataset& dataset, const RankClock& clock)
    : dataset_(dataset), half_life_ms_(clock.trend_half_life_s * 1'000) {
  user_offsets_ = offsets_by({dataset.events}, &models::TimedInteraction::user, dataset.users.size());
  item_offsets_ =
      offsets_by({dataset.events, dataset.negatives}, &models::TimedInteraction::item, dataset.items.size());
  user_events_.resize(dataset.events.size());
  user_positions_.resize(dataset.events.size());
  std::vector<std::size_t> user_next = user_offsets_;
  for (std::uint32_t position = 0; position < dataset.events.size(); ++position) {
    const models::TimedInteraction& event = dataset.events[position];
    const std::size_t slot = user_next[event.user]++;
    user_events_[slot] = {event.item, event.item, event.weight, event.timestamp_ms};
    user_positions_[slot] = position;
  }
  if (!dataset.negatives.empty()) negatives_.resize(dataset.users.size());
  for (const models::TimedInteraction& event : dataset.negatives) negatives_[event.user].push_back(event);
  count_moments(clock);
  listed_ms_.resize(dataset.items.size());
  for (std::uint32_t item = 0; item < dataset.item_features.size(); ++item) {
    listed_ms_[item] = find_time(dataset.item_features[item], clock.listed_field).value_or(0);
  }
}

void RankWorld::count_moments(const RankClock& clock) {
  const auto& events = dataset_.events;
  const auto& negatives = dataset_.negatives;
  moments_.resize(events.size() + negatives.size());
  std::vector<std::size_t> next_of = item_offsets_;
  DailyRepeats repeats(clock.daily_repeats);
  for (std::size_t e = 0, n = 0; e < events.size() || n < negatives.size();) {
    const bool is_event =
        n == negatives.size() || (e < events.size() && events[e].timestamp_ms <= negatives[n].timestamp_ms);
    const models::TimedInteraction& event = is_event ? events[e] : negatives[n];
    constexpr std::uint32_t kAgainst = 0x10000;  // no type of an event
    const std::uint32_t type = !is_event ? kAgainst : dataset_.event_types.empty() ? 0 : dataset_.event_types[e];
    const float popularity = !std::isnan(event.popularity) ? event.popularity : is_event ? event.weight : -event.weight;
    const double counted = repeats.is_repeat(event, type) ? 0 : double{popularity};
    const std::size_t moment = next_of[event.item]++;
    Moment next{event.timestamp_ms, counted, counted};
    if (moment > item_offsets_[event.item]) {
      const Moment& before = moments_[moment - 1];
      next.popularity += before.popularity;
      next.trend +=
          before.trend * std::exp2(-static_cast<double>(event.timestamp_ms - before.timestamp_ms) / half_life_ms_);
    }
    moments_[moment] = next;
    ++(is_event ? e : n);
  }
}

std::span<const RankEvent> RankWorld::events(std::uint32_t user) const {
  return std::span(user_events_).subspan(user_offsets_[user], user_offsets_[user + 1] - user_offsets_[user]);
}

std::span<const std::uint32_t> RankWorld::positions(std::uint32_t user) const {
  return std::span(user_positions_).subspan(user_offsets_[user], user_offsets_[user + 1] - user_offsets_[user]);
}

std::span<const RankEvent> RankWorld::history(std::uint32_t user, TimestampMs time_ms) const {
  const std::span<const RankEvent> all = events(user);
  const auto end = std::partition_point(all.begin(), all.end(),
                                        [&](const RankEvent& event) { return event.timestamp_ms < time_ms; });
  const auto count = static_cast<std::size_t>(end - all.begin());
  const std::size_t kept = std::min(count, kMaxRankedHistory);
  return all.subspan(count - kept, kept);
}

std::vector<std::uint32_t> RankWorld::turned_down(std::uint32_t user, TimestampMs begin_ms, TimestampMs end_ms) const {
  std::vector<std::uint32_t> items;
  if (negatives_.empty()) return items;
  for (const models::TimedInteraction& event : negatives_[user])
    if (event.timestamp_ms >= begin_ms && event.timestamp_ms < end_ms) items.push_back(event.item);
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  return items;
}

const RankWorld::Moment* RankWorld::last_before(std::uint32_t item, TimestampMs time_ms) const {
  const auto begin = moments_.begin() + static_cast<std::ptrdiff_t>(item_offsets_[item]);
  const auto end = moments_.begin() + static_cast<std::ptrdiff_t>(item_offsets_[item + 1]);
  const auto after =
      std::partition_point(begin, end, [&](const Moment& moment) { return moment.timestamp_ms < time_ms; });
  return after == begin ? nullptr : &*(after - 1);
}

RankCandidate RankWorld::candidate(std::uint32_t item, TimestampMs time_ms) const {
  RankCandidate candidate{.key = item, .row = item, .features = item_features(item), .listed_ms = listed_ms_[item]};
  if (const Moment* last = last_before(item, time_ms)) {
    candidate.popularity = std::max(0.0, last->popularity);
    candidate.trend =
        std::max(0.0, last->trend) * std::exp2(-static_cast<double>(time_ms - last->timestamp_ms) / half_life_ms_);
  }
  return candidate;
}

bool RankWorld::is_there(std::uint32_t item, TimestampMs time_ms) const {
  return (listed_ms_[item] != 0 && listed_ms_[item] <= time_ms) || last_before(item, time_ms) != nullptr;
}

const Features* RankWorld::item_features(std::uint32_t item) const {
  return item < dataset_.item_features.size() ? &dataset_.item_features[item] : nullptr;
}

const Features* RankWorld::user_features(std::uint32_t user) const {
  return user < dataset_.user_features.size() ? &dataset_.user_features[user] : nullptr;
}

}  // namespace tamis::engine
