#include "engine/retrieval/similar_users.h"

#include <algorithm>

namespace tamis::engine {
namespace {

constexpr std::string_view kUserKnn = "user_knn";

}  // namespace

bool has_user_knn(const Generation& generation) {
  const Vocabulary& vocabulary = generation.vocabulary(kUserKnn);
  return generation.interactions_by_item.rows == vocabulary.items.size() &&
         generation.user_norms.size() == vocabulary.users.size() && !vocabulary.users.empty();
}

std::vector<models::ScoredId> find_similar_user_rows(const Generation& generation, const UserState& user,
                                                     std::size_t k) {
  const Vocabulary& vocabulary = generation.vocabulary(kUserKnn);
  const UserState::Rows history = user.rows_of(vocabulary);
  if (history.rows.empty()) return {};
  auto found = models::find_similar_users(generation.interactions_by_item, generation.user_norms, history.rows, k + 1,
                                          history.weights);
  if (const std::uint32_t own_row = vocabulary.row_of(EntityKind::kUser, user.user); own_row != kNoDenseId) {
    std::erase_if(found, [own_row](const models::ScoredId& candidate) { return candidate.id == own_row; });
  }
  if (found.size() > k) found.resize(k);
  return found;
}

}  // namespace tamis::engine
