#include "models/time_split.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace tamis::models {

std::vector<EvaluationCase> TimeSplit::cases() const {
  std::vector<EvaluationCase> cases;
  for (std::uint32_t user = 0; user < train.rows; ++user) {
    const auto seen = train.row_columns(user);
    const auto wanted = relevant.row_columns(user);
    if (!seen.empty() && !wanted.empty()) cases.push_back({.user = user, .seen = seen, .relevant = wanted});
  }
  return cases;
}

Result<TimeSplit> split_by_time(std::span<const TimedInteraction> interactions, std::uint32_t users,
                                std::uint32_t items, double head_share) {
  if (!(head_share > 0 && head_share < 1)) {
    return Status::invalid_argument("head_share is " + std::to_string(head_share) + ", expected above 0 and below 1")
        .at_field("head_share");
  }
  for (const TimedInteraction& interaction : interactions) {
    if (interaction.user >= users || interaction.item >= items) {
      return Status::invalid_argument("interaction of user " + std::to_string(interaction.user) + " with item " +
                                      std::to_string(interaction.item) + " is outside of " + std::to_string(users) +
                                      " users and " + std::to_string(items) + " items");
    }
  }
  const auto earlier = [](const TimedInteraction& a, const TimedInteraction& b) {
    return a.timestamp_ms < b.timestamp_ms;
  };
  std::vector<TimedInteraction> sorted;
  if (!std::is_sorted(interactions.begin(), interactions.end(), earlier)) {
    sorted.assign(interactions.begin(), interactions.end());
    std::stable_sort(sorted.begin(), sorted.end(), earlier);
    interactions = sorted;
  }
  if (interactions.empty() || interactions.front().timestamp_ms == interactions.back().timestamp_ms) {
    return Status::failed_precondition("a split by time needs interactions of at least two moments");
  }
  const auto position = static_cast<std::size_t>(head_share * static_cast<double>(interactions.size()));
  // The cut must leave a head: where the first moment holds the share already, it is the head.
  const auto first_moment = std::upper_bound(interactions.begin(), interactions.end(), interactions.front(), earlier);
  const TimestampMs cut_ms =
      std::max(interactions[std::min(position, interactions.size() - 1)].timestamp_ms, first_moment->timestamp_ms);
  const auto cut = std::partition_point(interactions.begin(), interactions.end(),
                                        [&](const TimedInteraction& event) { return event.timestamp_ms < cut_ms; });
  const auto head = std::span(interactions.begin(), cut);
  const auto tail = std::span(cut, interactions.end());

  TimeSplit split{.train = {}, .relevant = {}, .cut_ms = cut_ms};
  split.train = gather_interaction_matrix(users, items, [&](const PairVisitor& visit) {
    for (const TimedInteraction& event : head) visit({.row = event.user, .column = event.item, .weight = event.weight});
  });
  split.relevant = gather_interaction_matrix(users, items, [&](const PairVisitor& visit) {
    for (const TimedInteraction& event : tail) {
      const auto seen = split.train.row_columns(event.user);
      if (event.is_liked() && !std::binary_search(seen.begin(), seen.end(), event.item))
        visit({.row = event.user, .column = event.item, .weight = event.weight});
    }
  });
  return split;
}

}  // namespace tamis::models
