#include "storage/id_table.h"

#include <functional>
#include <vector>

namespace tamis::storage {
namespace {

std::uint64_t id_hash(std::string_view external_id) { return std::hash<std::string_view>{}(external_id); }

}  // namespace

std::string_view IdTable::view(DenseId id) const {
  if (id >= names_.size() || names_[id] == nullptr) return {};
  return StringArena::view(names_[id]);
}

std::optional<DenseId> IdTable::find(std::string_view external_id) const {
  if (external_id.empty()) return std::nullopt;
  const std::uint64_t hash = id_hash(external_id);
  const Shard& home = shard(hash);
  ReaderLock lock(home.mutex);
  ReaderLock names_lock(names_mutex_);
  return home.ids.find(hash, [&](DenseId id) TAMIS_NO_THREAD_SAFETY_ANALYSIS { return view(id) == external_id; });
}

std::string IdTable::name(DenseId id) const {
  ReaderLock lock(names_mutex_);
  return std::string(view(id));
}

std::size_t IdTable::size() const {
  ReaderLock lock(names_mutex_);
  return names_.size();
}

std::uint64_t IdTable::memory_bytes() const {
  std::uint64_t bytes = 0;
  for (const Shard& part : shards_) {
    ReaderLock lock(part.mutex);
    bytes += part.ids.memory_bytes();
  }
  ReaderLock lock(names_mutex_);
  return bytes + arena_.memory_bytes() + names_.size() * sizeof(const char*);
}

void IdTable::link(std::string_view name, DenseId id) {
  const std::uint64_t hash = id_hash(name);
  Shard& home = shard(hash);
  WriterLock lock(home.mutex);
  ReaderLock names_lock(names_mutex_);
  home.ids.insert(hash, id, [&](DenseId other) TAMIS_NO_THREAD_SAFETY_ANALYSIS { return id_hash(view(other)); });
}

void IdTable::unlink(std::string_view name, DenseId id) {
  if (name.empty()) return;
  const std::uint64_t hash = id_hash(name);
  Shard& home = shard(hash);
  WriterLock lock(home.mutex);
  ReaderLock names_lock(names_mutex_);
  home.ids.erase(hash, id, [&](DenseId other) TAMIS_NO_THREAD_SAFETY_ANALYSIS { return id_hash(view(other)); });
}

DenseId IdTable::assign(std::string_view external_id) {
  if (const auto known = find(external_id)) return *known;
  DenseId id = 0;
  {
    WriterLock lock(names_mutex_);
    id = static_cast<DenseId>(names_.size());
    names_.push_back(arena_.add(external_id));
  }
  link(external_id, id);
  return id;
}

void IdTable::set(DenseId id, std::string_view external_id) {
  const std::string before = name(id);
  if (id < size() && before == external_id) return;
  unlink(before, id);
  // A name has one number: the newest.
  if (const auto other = find(external_id)) unlink(external_id, *other);
  {
    WriterLock lock(names_mutex_);
    if (id >= names_.size()) names_.resize(id + std::size_t{1});
    if (names_[id] != nullptr) StringArena::wipe(names_[id]);
    names_[id] = external_id.empty() ? nullptr : arena_.add(external_id);
  }
  if (!external_id.empty()) link(external_id, id);
}

void IdTable::append(std::string_view external_id) {
  WriterLock lock(names_mutex_);
  names_.push_back(external_id.empty() ? nullptr : arena_.add(external_id));
}

// Shard by shard, since one fits into the processor's caches.
std::optional<DenseId> IdTable::link_appended() {
  std::vector<std::uint64_t> hashes(size());
  {
    ReaderLock names_lock(names_mutex_);
    for (DenseId id = 0; id < hashes.size(); ++id) hashes[id] = id_hash(view(id));
  }
  std::optional<DenseId> twice;
  for (Shard& home : shards_) {
    WriterLock lock(home.mutex);
    ReaderLock names_lock(names_mutex_);
    for (DenseId id = 0; id < hashes.size() && !twice; ++id) {
      if (&shard(hashes[id]) != &home || names_[id] == nullptr) continue;
      const auto is_same = [&](DenseId other) TAMIS_NO_THREAD_SAFETY_ANALYSIS { return view(other) == view(id); };
      if (home.ids.find(hashes[id], is_same)) twice = id;
      home.ids.insert(hashes[id], id, [&](DenseId other) { return hashes[other]; });
    }
  }
  return twice;
}

void IdTable::truncate(std::size_t size) {
  while (this->size() > size) {
    const auto last = static_cast<DenseId>(this->size() - 1);
    unlink(name(last), last);
    WriterLock lock(names_mutex_);
    names_.pop_back();
  }
}

}  // namespace tamis::storage
