#include "engine/write_claims.h"

#include <algorithm>
#include <limits>

namespace tamis::engine {

WriteClaims::~WriteClaims() {
  for (const auto& entity : protected_) live_->expiries().unprotect(entity);
  for (const auto& user : announced_) live_->departing_users().withdraw(user);
}

Status WriteClaims::take(const std::vector<Mutation>& mutations) {
  for (const Mutation& mutation : mutations) {
    if (const auto* put = std::get_if<PutEntity>(&mutation)) protect(put->kind, put->entity.id);
    if (const auto* patch = std::get_if<PatchEntity>(&mutation)) protect(patch->kind, patch->id);
    if (const auto* erased = std::get_if<DeleteEntity>(&mutation); erased && erased->kind == EntityKind::kUser) {
      TAMIS_RETURN_IF_ERROR(announce(erased->id));
    }
  }
  return Status::ok();
}

void WriteClaims::protect(EntityKind kind, const std::string& id) {
  const auto dense = store_->ids(kind).find(id);
  if (!dense) return;
  const auto entity = live_->entities(kind).get(*dense, std::numeric_limits<TimestampMs>::min());
  if (entity == nullptr || entity->expires_ms == 0) return;
  const ExpiryQueue::Due due{kind, *dense};
  if (std::find(protected_.begin(), protected_.end(), due) != protected_.end()) return;
  live_->expiries().protect(due);
  protected_.push_back(due);
}

Status WriteClaims::announce(const std::string& user) {
  live_->departing_users().announce(user);
  announced_.push_back(user);
  const auto dense = store_->ids(EntityKind::kUser).find(user);
  if (!dense) return Status::ok();
  TAMIS_ASSIGN_OR_RETURN(const auto rows, store_->user_interactions(*dense, std::numeric_limits<std::size_t>::max()));
  live_->departing_users().add_stored(user, rows);
  return Status::ok();
}

}  // namespace tamis::engine
