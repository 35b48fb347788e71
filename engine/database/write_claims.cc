#include "engine/database/write_claims.h"

#include <algorithm>
#include <limits>

namespace tamis::engine {

WriteClaims::~WriteClaims() {
  for (const auto& entity : protected_) live_->expiries().unprotect(entity);
  if (!new_types_.empty()) live_->new_types().release(new_types_);
}

void WriteClaims::take(const std::vector<Mutation>& mutations) {
  for (const Mutation& mutation : mutations) {
    if (const auto* put = std::get_if<PutEntity>(&mutation)) protect(put->kind, put->entity.id);
    if (const auto* patch = std::get_if<PatchEntity>(&mutation)) protect(patch->kind, patch->id);
  }
}

Status WriteClaims::take_types(std::set<std::string> new_types) {
  if (new_types.empty()) return Status::ok();
  TAMIS_RETURN_IF_ERROR(live_->new_types().claim(new_types));
  new_types_ = std::move(new_types);
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

}  // namespace tamis::engine
