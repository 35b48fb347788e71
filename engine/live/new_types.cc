#include "engine/live/new_types.h"

namespace tamis::engine {

Status one_type_too_many(const std::string& name) {
  return Status::failed_precondition("type \"" + name + "\" would be one more than " +
                                     std::to_string(kMaxUndeclaredInUse) +
                                     " undeclared interaction types; declare it at /v1/interaction-types")
      .at_field("type");
}

Status NewTypes::claim(const std::set<std::string>& names) {
  MutexLock lock(mutex_);
  // Read under the lock: a write publishes its types in use before it releases its claim.
  const std::shared_ptr<const ReadState::TypeNames> in_use = in_use_();
  std::size_t taken = in_use->size();
  for (const auto& [name, count] : claims_) taken += in_use->contains(name) ? 0 : 1;
  for (const std::string& name : names) {
    if (in_use->contains(name) || claims_.contains(name)) continue;
    if (++taken > kMaxUndeclaredInUse) return one_type_too_many(name);
  }
  for (const std::string& name : names) ++claims_[name];
  return Status::ok();
}

void NewTypes::release(const std::set<std::string>& names) {
  MutexLock lock(mutex_);
  for (const std::string& name : names) {
    const auto claimed = claims_.find(name);
    if (--claimed->second == 0) claims_.erase(claimed);
  }
}

}  // namespace tamis::engine
