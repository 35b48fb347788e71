#include "storage/departed_users.h"

#include <charconv>
#include <utility>

namespace tamis::storage {
namespace {

constexpr char kMark = '\x01';  // external ids have no control characters

}  // namespace

std::string nameless_user(DenseId user) { return kMark + std::to_string(user); }

std::optional<DenseId> parse_nameless_user(std::string_view name) {
  if (name.size() < 2 || name.front() != kMark) return std::nullopt;
  DenseId user = 0;
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), user);
  if (error != std::errc() || end != name.data() + name.size() || user == kNoDenseId) return std::nullopt;
  return user;
}

void DepartedUsers::unlink(const DepartedUser& departed) {
  if (const auto named = by_name_.find(departed.name); named != by_name_.end()) {
    named->second.erase(departed.sequence);
    if (named->second.empty()) by_name_.erase(named);
  }
  if (const auto merged = sessions_.find(departed.into); merged != sessions_.end()) {
    std::erase(merged->second, departed.user);
    if (merged->second.empty()) sessions_.erase(merged);
  }
}

void DepartedUsers::put(DepartedUser departed) {
  WriterLock lock(mutex_);
  DepartedUser& held = users_[departed.user];
  if (held.user == departed.user) unlink(held);
  by_name_[departed.name][departed.sequence] = departed.user;
  if (departed.into != kNoDenseId) sessions_[departed.into].push_back(departed.user);
  held = std::move(departed);
  count_.store(users_.size(), std::memory_order_release);
}

void DepartedUsers::remove(DenseId user) {
  WriterLock lock(mutex_);
  const auto held = users_.find(user);
  if (held == users_.end()) return;
  unlink(held->second);
  users_.erase(held);
  count_.store(users_.size(), std::memory_order_release);
}

void DepartedUsers::clear() {
  WriterLock lock(mutex_);
  users_.clear();
  by_name_.clear();
  sessions_.clear();
  count_.store(0, std::memory_order_release);
}

std::optional<DepartedUser> DepartedUsers::find(std::string_view name, Sequence sequence) const {
  if (empty()) return std::nullopt;
  ReaderLock lock(mutex_);
  const auto named = by_name_.find(name);
  if (named == by_name_.end()) return std::nullopt;
  const auto entry = named->second.lower_bound(sequence);
  if (entry == named->second.end()) return std::nullopt;
  return users_.at(entry->second);
}

bool DepartedUsers::is_erased(std::string_view name) const {
  if (empty()) return false;
  ReaderLock lock(mutex_);
  const auto named = by_name_.find(name);
  if (named == by_name_.end()) return false;
  for (const auto& [sequence, user] : named->second) {
    if (users_.at(user).erased) return true;
  }
  return false;
}

std::vector<DepartedUser> DepartedUsers::merged_into(DenseId user) const {
  std::vector<DepartedUser> merged;
  if (empty()) return merged;
  ReaderLock lock(mutex_);
  const auto sessions = sessions_.find(user);
  if (sessions == sessions_.end()) return merged;
  for (const DenseId session : sessions->second) merged.push_back(users_.at(session));
  return merged;
}

std::vector<DepartedUser> DepartedUsers::all() const {
  ReaderLock lock(mutex_);
  std::vector<DepartedUser> all;
  all.reserve(users_.size());
  for (const auto& [user, departed] : users_) all.push_back(departed);
  return all;
}

std::vector<DepartedUser> DepartedUsers::erased() const {
  ReaderLock lock(mutex_);
  std::vector<DepartedUser> erased;
  for (const auto& [user, departed] : users_) {
    if (departed.erased) erased.push_back(departed);
  }
  return erased;
}

}  // namespace tamis::storage
