#include "engine/live/expiry.h"

namespace tamis::engine {

void ExpiryQueue::set(EntityKind kind, DenseId id, TimestampMs expires_ms) {
  const Due entity{kind, id};
  MutexLock lock(mutex_);
  if (const auto found = by_entity_.find(entity); found != by_entity_.end()) {
    by_time_.erase({found->second, entity});
    by_entity_.erase(found);
  }
  if (expires_ms == 0) return;
  by_entity_.emplace(entity, expires_ms);
  by_time_.emplace(expires_ms, entity);
}

std::vector<ExpiryQueue::Due> ExpiryQueue::claim(TimestampMs now_ms, std::size_t limit) {
  std::vector<Due> due;
  MutexLock lock(mutex_);
  for (const auto& [expires_ms, entity] : by_time_) {
    if (expires_ms > now_ms || due.size() >= limit) break;
    if (protected_.contains(entity) || claimed_.contains(entity)) continue;
    due.push_back(entity);
  }
  claimed_.insert(due.begin(), due.end());
  return due;
}

void ExpiryQueue::release(const std::vector<Due>& claimed) {
  MutexLock lock(mutex_);
  for (const Due& entity : claimed) claimed_.erase(entity);
  released_.notify_all();
}

void ExpiryQueue::protect(const Due& entity) {
  MutexLock lock(mutex_);
  while (claimed_.contains(entity)) released_.wait(mutex_);
  ++protected_[entity];
}

void ExpiryQueue::unprotect(const Due& entity) {
  MutexLock lock(mutex_);
  const auto found = protected_.find(entity);
  if (found != protected_.end() && --found->second == 0) protected_.erase(found);
}

}  // namespace tamis::engine
