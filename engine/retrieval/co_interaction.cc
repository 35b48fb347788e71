#include "engine/retrieval/co_interaction.h"

#include <algorithm>
#include <cmath>

#include "engine/serving/stamped_array.h"

namespace tamis::engine {

Result<std::vector<models::ScoredId>> find_co_interacted(const ReadState& state, DenseId item, std::size_t k,
                                                         const Eligibility& is_eligible) {
  constexpr std::size_t kInteractions = 4 * kCoInteractors;  // users repeat themselves
  TAMIS_ASSIGN_OR_RETURN(const std::vector<storage::StoredInteraction> interactions,
                         state.store->item_interactions(item, kInteractions));
  std::vector<DenseId> users;
  for (const storage::StoredInteraction& interaction : interactions) {
    if (users.size() == kCoInteractors) break;
    if (std::find(users.begin(), users.end(), interaction.user) == users.end()) users.push_back(interaction.user);
  }
  thread_local StampedArray<std::uint32_t> slots;
  slots.clear();
  std::vector<models::ScoredId> counts;  // users in common, then the score
  for (const DenseId user : users) {
    TAMIS_ASSIGN_OR_RETURN(const std::shared_ptr<const UserHistory> history, state.histories->get(user));
    const auto turned_down = [&](DenseId id) {
      return std::binary_search(history->excluded.begin(), history->excluded.end(), id);
    };
    if (turned_down(item)) continue;
    for (const DenseId other : history->seen) {
      if (!is_eligible(other) || turned_down(other)) continue;
      if (!slots.contains(other)) {
        slots[other] = static_cast<std::uint32_t>(counts.size());
        counts.push_back({other, 0});
      }
      counts[slots[other]].score += 1;
    }
  }
  for (models::ScoredId& entry : counts) {
    const double popularity = std::max<double>(entry.score, state.item_statistics->popularity(entry.id));
    entry.score = static_cast<float>(entry.score / std::sqrt(static_cast<double>(users.size()) * popularity));
  }
  const auto kept = static_cast<std::ptrdiff_t>(std::min(k, counts.size()));
  std::partial_sort(counts.begin(), counts.begin() + kept, counts.end(), models::ranks_before);
  counts.resize(static_cast<std::size_t>(kept));
  return counts;
}

}  // namespace tamis::engine
