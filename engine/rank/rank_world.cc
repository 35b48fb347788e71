#include "engine/rank/rank_world.h"

#include <algorithm>
#include <cmath>

namespace tamis::engine {
namespace {

// Offsets of the events of each value of `member`, [count + 1].
std::vector<std::size_t> offsets_by(const Dataset& dataset, std::uint32_t models::TimedInteraction::*member,
                                    std::size_t count) {
  std::vector<std::size_t> offsets(count + 1);
  for (const models::TimedInteraction& event : dataset.events) ++offsets[event.*member + 1];
  for (std::size_t i = 0; i < count; ++i) offsets[i + 1] += offsets[i];
  return offsets;
}

}  // namespace

RankWorld::RankWorld(const Dataset& dataset, const RankClock& clock)
    : dataset_(dataset), half_life_ms_(clock.trend_half_life_s * 1'000) {
  user_offsets_ = offsets_by(dataset, &models::TimedInteraction::user, dataset.users.size());
  item_offsets_ = offsets_by(dataset, &models::TimedInteraction::item, dataset.items.size());
  user_events_.resize(dataset.events.size());
  user_positions_.resize(dataset.events.size());
  moments_.resize(dataset.events.size());
  std::vector<std::size_t> user_next = user_offsets_;
  std::vector<std::size_t> item_next = item_offsets_;
  for (std::uint32_t position = 0; position < dataset.events.size(); ++position) {
    const models::TimedInteraction& event = dataset.events[position];
    const std::size_t slot = user_next[event.user]++;
    user_events_[slot] = {event.item, event.item, event.weight, event.timestamp_ms};
    user_positions_[slot] = position;
    const std::size_t moment = item_next[event.item]++;
    Moment next{event.timestamp_ms, double{event.weight}, double{event.weight}};
    if (moment > item_offsets_[event.item]) {
      const Moment& before = moments_[moment - 1];
      next.popularity += before.popularity;
      next.trend +=
          before.trend * std::exp2(-static_cast<double>(event.timestamp_ms - before.timestamp_ms) / half_life_ms_);
    }
    moments_[moment] = next;
  }
  listed_ms_.resize(dataset.items.size());
  for (std::uint32_t item = 0; item < dataset.item_features.size(); ++item) {
    const auto listed = dataset.item_features[item].find(clock.listed_field);
    if (listed == dataset.item_features[item].end()) continue;
    if (const auto* date = std::get_if<Timestamp>(&listed->second)) listed_ms_[item] = date->ms;
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
    candidate.popularity = last->popularity;
    candidate.trend = last->trend * std::exp2(-static_cast<double>(time_ms - last->timestamp_ms) / half_life_ms_);
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
