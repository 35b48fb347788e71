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
  std::vector<TimestampMs> times;
  times.reserve(interactions.size());
  for (const TimedInteraction& interaction : interactions) {
    if (interaction.user >= users || interaction.item >= items) {
      return Status::invalid_argument("interaction of user " + std::to_string(interaction.user) + " with item " +
                                      std::to_string(interaction.item) + " is outside of " + std::to_string(users) +
                                      " users and " + std::to_string(items) + " items");
    }
    times.push_back(interaction.timestamp_ms);
  }
  const auto position = static_cast<std::size_t>(head_share * static_cast<double>(times.size()));
  if (times.empty() || std::all_of(times.begin(), times.end(), [&](TimestampMs t) { return t == times.front(); })) {
    return Status::failed_precondition("a split by time needs interactions of at least two moments");
  }
  std::sort(times.begin(), times.end());
  // The cut must leave a head: where the first moment holds the share already, it is the head.
  TimestampMs cut_ms = times[std::min(position, times.size() - 1)];
  if (cut_ms == times.front()) cut_ms = *std::upper_bound(times.begin(), times.end(), cut_ms);

  std::vector<WeightedPair> head;
  std::vector<WeightedPair> tail;
  for (const TimedInteraction& interaction : interactions) {
    const bool is_head = interaction.timestamp_ms < cut_ms;
    if (is_head || interaction.is_liked())
      (is_head ? head : tail)
          .push_back({.row = interaction.user, .column = interaction.item, .weight = interaction.weight});
  }
  TimeSplit split{.train = make_interaction_matrix(users, items, std::move(head)), .relevant = {}, .cut_ms = cut_ms};
  std::erase_if(tail, [&](const WeightedPair& pair) {
    const auto seen = split.train.row_columns(pair.row);
    return std::binary_search(seen.begin(), seen.end(), pair.column);
  });
  split.relevant = make_interaction_matrix(users, items, std::move(tail));
  return split;
}

}  // namespace tamis::models
