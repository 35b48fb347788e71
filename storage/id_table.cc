#include "storage/id_table.h"

namespace tamis::storage {

IdTable::Shard& IdTable::shard(std::string_view external_id) {
  return shards_[std::hash<std::string_view>{}(external_id) / 64 % kShards];
}

const IdTable::Shard& IdTable::shard(std::string_view external_id) const {
  return shards_[std::hash<std::string_view>{}(external_id) / 64 % kShards];
}

std::optional<DenseId> IdTable::find(std::string_view external_id) const {
  const Shard& home = shard(external_id);
  ReaderLock lock(home.mutex);
  const auto found = home.ids.find(external_id);
  if (found == home.ids.end()) return std::nullopt;
  return found->second;
}

std::string IdTable::name(DenseId id) const {
  ReaderLock lock(names_mutex_);
  return id < names_.size() ? names_[id] : std::string();
}

std::size_t IdTable::size() const {
  ReaderLock lock(names_mutex_);
  return names_.size();
}

DenseId IdTable::assign(std::string_view external_id) {
  if (const auto known = find(external_id)) return *known;
  std::string_view name;
  DenseId id = 0;
  {
    WriterLock lock(names_mutex_);
    id = static_cast<DenseId>(names_.size());
    name = names_.emplace_back(external_id);
  }
  Shard& home = shard(name);
  WriterLock lock(home.mutex);
  home.ids.emplace(name, id);
  return id;
}

void IdTable::forget(std::string_view name, DenseId id) {
  if (name.empty()) return;
  Shard& home = shard(name);
  WriterLock lock(home.mutex);
  const auto found = home.ids.find(name);
  if (found != home.ids.end() && found->second == id) home.ids.erase(found);
}

void IdTable::set(DenseId id, std::string_view external_id) {
  const std::string before = name(id);
  if (id < size() && before == external_id) return;
  forget(before, id);
  std::string_view name;
  {
    WriterLock lock(names_mutex_);
    if (id >= names_.size()) names_.resize(id + std::size_t{1});
    names_[id] = external_id;
    name = names_[id];
  }
  if (name.empty()) return;
  Shard& home = shard(name);
  WriterLock lock(home.mutex);
  home.ids.erase(name);  // its key viewed the name of another number
  home.ids.emplace(name, id);
}

void IdTable::truncate(std::size_t size) {
  while (this->size() > size) {
    const auto last = static_cast<DenseId>(this->size() - 1);
    forget(name(last), last);
    WriterLock lock(names_mutex_);
    names_.pop_back();
  }
}

}  // namespace tamis::storage
