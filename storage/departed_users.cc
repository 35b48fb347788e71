#include "storage/departed_users.h"

#include <charconv>

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

void DepartedUsers::add(DepartedUser departed) {
  WriterLock lock(mutex_);
  std::string name = departed.name;
  by_name_.emplace(std::move(name), std::move(departed));  // after its equals: they came earlier
  count_.store(by_name_.size(), std::memory_order_release);
}

void DepartedUsers::remove(DenseId user) {
  WriterLock lock(mutex_);
  std::erase_if(by_name_, [user](const auto& entry) { return entry.second.user == user; });
  count_.store(by_name_.size(), std::memory_order_release);
}

void DepartedUsers::clear() {
  WriterLock lock(mutex_);
  by_name_.clear();
  count_.store(0, std::memory_order_release);
}

std::optional<DepartedUser> DepartedUsers::find(std::string_view name, Sequence sequence) const {
  if (empty()) return std::nullopt;
  ReaderLock lock(mutex_);
  for (auto [entry, end] = by_name_.equal_range(name); entry != end; ++entry) {
    if (entry->second.sequence >= sequence) return entry->second;
  }
  return std::nullopt;
}

bool DepartedUsers::is_erased(std::string_view name) const {
  if (empty()) return false;
  ReaderLock lock(mutex_);
  for (auto [entry, end] = by_name_.equal_range(name); entry != end; ++entry) {
    if (entry->second.erased) return true;
  }
  return false;
}

std::vector<DepartedUser> DepartedUsers::all() const {
  ReaderLock lock(mutex_);
  std::vector<DepartedUser> all;
  for (const auto& [name, departed] : by_name_) all.push_back(departed);
  return all;
}

}  // namespace tamis::storage
