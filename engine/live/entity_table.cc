#include "engine/live/entity_table.h"

#include <utility>
#include <vector>

namespace tamis::engine {
namespace {

// Rows copied per spell of the lock in scan().
constexpr std::size_t kScanBlock = 1'024;

std::uint64_t value_bytes(const FeatureValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return text->capacity();
  if (const auto* prose = std::get_if<Text>(&value)) return prose->text.capacity();
  if (const auto* set = std::get_if<std::vector<std::string>>(&value)) {
    std::uint64_t bytes = set->capacity() * sizeof(std::string);
    for (const auto& element : *set) bytes += element.capacity();
    return bytes;
  }
  return 0;
}

// An estimate: what the entity's allocations hold, map nodes and the shared block included.
std::uint64_t entity_bytes(const Entity& entity) {
  constexpr std::uint64_t kMapNodeBytes = 32;
  constexpr std::uint64_t kSharedBlockBytes = 32;
  std::uint64_t bytes = sizeof(Entity) + kSharedBlockBytes + entity.id.capacity();
  for (const auto& [name, value] : entity.features) {
    bytes += kMapNodeBytes + sizeof(Features::value_type) + name.capacity() + value_bytes(value);
  }
  return bytes;
}

bool has_expired(const Entity& entity, TimestampMs now_ms) {
  return entity.expires_ms != 0 && entity.expires_ms <= now_ms;
}

}  // namespace

const EntityTable::Row* EntityTable::find(DenseId id) const {
  if (id >= rows_.size() || rows_[id].entity == nullptr) return nullptr;
  return &rows_[id];
}

std::shared_ptr<const Entity> EntityTable::get(DenseId id, TimestampMs now_ms) const {
  ReaderLock lock(mutex_);
  const Row* row = find(id);
  if (row == nullptr || has_expired(*row->entity, now_ms)) return nullptr;
  return row->entity;
}

bool EntityTable::is_live(DenseId id, TimestampMs now_ms) const {
  ReaderLock lock(mutex_);
  const Row* row = find(id);
  return row != nullptr && !has_expired(*row->entity, now_ms);
}

bool EntityTable::is_shown(DenseId id, TimestampMs now_ms) const {
  ReaderLock lock(mutex_);
  const Row* row = find(id);
  return row != nullptr && !row->entity->hidden && !has_expired(*row->entity, now_ms);
}

bool EntityTable::contains(DenseId id) const {
  ReaderLock lock(mutex_);
  return find(id) != nullptr;
}

TimestampMs EntityTable::first_seen_ms(DenseId id) const {
  ReaderLock lock(mutex_);
  const Row* row = find(id);
  return row == nullptr ? 0 : row->first_seen_ms;
}

std::size_t EntityTable::id_end() const {
  ReaderLock lock(mutex_);
  return rows_.size();
}

std::size_t EntityTable::live_count() const {
  ReaderLock lock(mutex_);
  return live_count_;
}

std::uint64_t EntityTable::memory_bytes() const {
  ReaderLock lock(mutex_);
  return memory_bytes_ + rows_.size() * sizeof(Row);
}

void EntityTable::scan(DenseId first,
                       const std::function<bool(DenseId, const std::shared_ptr<const Entity>&)>& visit) const {
  std::vector<std::shared_ptr<const Entity>> block;
  for (std::size_t begin = first;; begin += kScanBlock) {
    block.clear();
    {
      ReaderLock lock(mutex_);
      if (begin >= rows_.size()) return;
      const std::size_t end = std::min(begin + kScanBlock, rows_.size());
      for (std::size_t id = begin; id < end; ++id) block.push_back(rows_[id].entity);
    }
    for (std::size_t i = 0; i < block.size(); ++i) {
      if (block[i] != nullptr && !visit(static_cast<DenseId>(begin + i), block[i])) return;
    }
  }
}

void EntityTable::put(DenseId id, Entity entity, TimestampMs first_seen_ms) {
  auto fresh = std::make_shared<const Entity>(std::move(entity));
  const std::uint64_t bytes = entity_bytes(*fresh);
  WriterLock lock(mutex_);
  if (id >= rows_.size()) rows_.resize(id + std::size_t{1});
  Row& row = rows_[id];
  if (row.entity == nullptr) {
    ++live_count_;
    row.first_seen_ms = first_seen_ms;
  } else {
    memory_bytes_ -= entity_bytes(*row.entity);
  }
  memory_bytes_ += bytes;
  row.entity.swap(fresh);
}

void EntityTable::extend(std::size_t id_end) {
  WriterLock lock(mutex_);
  if (id_end > rows_.size()) rows_.resize(id_end);
}

void EntityTable::remove(DenseId id) {
  std::shared_ptr<const Entity> last;  // freed after the lock
  WriterLock lock(mutex_);
  if (id >= rows_.size() || rows_[id].entity == nullptr) return;
  last = std::move(rows_[id].entity);
  rows_[id] = Row{};
  memory_bytes_ -= entity_bytes(*last);
  --live_count_;
}

}  // namespace tamis::engine
