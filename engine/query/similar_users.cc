#include "engine/query/similar_users.h"

#include <algorithm>

namespace tamis::engine {

bool has_user_knn(const Generation& generation) {
  return generation.interactions_by_item.rows == generation.items.size() &&
         generation.user_norms.size() == generation.users.size() && !generation.users.empty();
}

std::vector<models::ScoredId> find_similar_user_rows(const Generation& generation, const UserState& user,
                                                     std::size_t k) {
  const UserState::Rows history = user.rows_of(generation);
  if (history.rows.empty()) return {};
  auto found = models::find_similar_users(generation.interactions_by_item, generation.user_norms, history.rows, k + 1);
  if (user.user < generation.user_rows.size()) {
    const std::uint32_t own_row = generation.user_rows[user.user];
    std::erase_if(found, [own_row](const models::ScoredId& candidate) { return candidate.id == own_row; });
  }
  if (found.size() > k) found.resize(k);
  return found;
}

}  // namespace tamis::engine
