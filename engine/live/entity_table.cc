#include "engine/live/entity_table.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace tamis::engine {
namespace {

// Rows looked at per spell of the lock in a scan.
constexpr std::size_t kScanBlock = 4'096;
constexpr TimestampMs kBeforeAll = std::numeric_limits<TimestampMs>::min();

}  // namespace

EntityTable::EntityTable(EntityKind kind, const storage::IdTable* names, index::AttributeIndex* attributes)
    : is_item_(kind == EntityKind::kItem), names_(names), attributes_(attributes) {}

const EntityTable::Row* EntityTable::find(DenseId id) const {
  if (id >= rows_.size() || !rows_[id].is_there) return nullptr;
  return &rows_[id];
}

bool EntityTable::has_expired(DenseId id, const Row& row, TimestampMs now_ms) const {
  if (!row.has_more) return false;
  const auto more = more_.find(id);
  return more != more_.end() && more->second.expires_ms != 0 && more->second.expires_ms <= now_ms;
}

std::shared_ptr<const Entity> EntityTable::get(DenseId id, TimestampMs now_ms, Revision* revision) const {
  Revision found = 0;
  if (revision != nullptr) *revision = 0;
  if (!is_item_) return make(id, now_ms, &found);
  {
    ReaderLock lock(mutex_);
    const Row* row = find(id);
    if (row == nullptr || has_expired(id, *row, now_ms)) return nullptr;
    found = revisions_[id];
  }
  KeptShard& shard = kept_[id % kKeptShards];
  const std::size_t slot = id / kKeptShards % kKeptSlots;
  {
    MutexLock lock(shard.mutex);
    if (slot < shard.slots.size() && shard.slots[slot].id == id && shard.slots[slot].revision == found) {
      if (revision != nullptr) *revision = found;
      return shard.slots[slot].entity;
    }
  }
  auto made = make(id, now_ms, &found);
  if (made == nullptr) return nullptr;
  if (revision != nullptr) *revision = found;
  std::shared_ptr<const Entity> last = made;  // freed after the lock
  MutexLock lock(shard.mutex);
  if (shard.slots.empty()) shard.slots.resize(kKeptSlots);
  shard.slots[slot].id = id;
  shard.slots[slot].revision = found;
  shard.slots[slot].entity.swap(last);
  return made;
}

// The writer sets the features before it gives the row its revision: what is read under a revision is at least as new.
std::shared_ptr<const Entity> EntityTable::make(DenseId id, TimestampMs now_ms, Revision* revision) const {
  auto made = std::make_shared<Entity>();
  {
    ReaderLock lock(mutex_);
    const Row* row = find(id);
    if (row == nullptr || has_expired(id, *row, now_ms)) return nullptr;
    made->updated_ms = row->updated_ms;
    made->hidden = row->is_hidden;
    if (row->has_more) {
      const More& more = more_.at(id);
      made->expires_ms = more.expires_ms;
      made->version = more.version;
    }
    if (is_item_) *revision = revisions_[id];
  }
  made->id = names_->name(id);
  made->features = attributes_->features(id);
  return made;
}

bool EntityTable::is_live(DenseId id, TimestampMs now_ms) const {
  ReaderLock lock(mutex_);
  const Row* row = find(id);
  return row != nullptr && !has_expired(id, *row, now_ms);
}

bool EntityTable::is_shown(DenseId id, TimestampMs now_ms) const {
  ReaderLock lock(mutex_);
  const Row* row = find(id);
  return row != nullptr && !row->is_hidden && !has_expired(id, *row, now_ms);
}

bool EntityTable::contains(DenseId id) const {
  ReaderLock lock(mutex_);
  return find(id) != nullptr;
}

TimestampMs EntityTable::first_seen_ms(DenseId id) const {
  ReaderLock lock(mutex_);
  return !is_item_ || find(id) == nullptr ? 0 : first_seen_[id];
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
  constexpr std::uint64_t kMoreBytes = sizeof(More) + 40;  // with its node and bucket
  constexpr std::uint64_t kKeptBytes = 1'024;              // of an entity; an estimate
  std::uint64_t kept = 0;
  for (KeptShard& shard : kept_) {
    MutexLock lock(shard.mutex);
    kept += shard.slots.size();
  }
  ReaderLock lock(mutex_);
  return rows_.size() * sizeof(Row) + first_seen_.size() * sizeof(TimestampMs) + revisions_.size() * sizeof(Revision) +
         more_.size() * kMoreBytes + kept * sizeof(Kept) + std::min<std::uint64_t>(kept, live_count_) * kKeptBytes;
}

void EntityTable::scan_ids(DenseId first, const std::function<bool(DenseId)>& visit) const {
  std::vector<DenseId> block;
  for (std::size_t begin = first;; begin += kScanBlock) {
    block.clear();
    {
      ReaderLock lock(mutex_);
      if (begin >= rows_.size()) return;
      const std::size_t end = std::min(begin + kScanBlock, rows_.size());
      for (std::size_t id = begin; id < end; ++id)
        if (rows_[id].is_there) block.push_back(static_cast<DenseId>(id));
    }
    for (const DenseId id : block)
      if (!visit(id)) return;
  }
}

void EntityTable::scan(DenseId first,
                       const std::function<bool(DenseId, const std::shared_ptr<const Entity>&)>& visit) const {
  scan_ids(first, [&](DenseId id) {
    Revision ignored = 0;
    const std::shared_ptr<const Entity> entity = make(id, kBeforeAll, &ignored);
    return entity == nullptr || visit(id, entity);
  });
}

void EntityTable::put(DenseId id, const Entity& entity, TimestampMs first_seen_ms) {
  attributes_->set(id, entity.features);
  WriterLock lock(mutex_);
  if (id >= rows_.size()) rows_.resize(id + std::size_t{1});
  Row& row = rows_[id];
  const bool is_new = !row.is_there;
  if (is_new) ++live_count_;
  const bool has_more = entity.expires_ms != 0 || entity.version != 0;
  if (has_more) {
    more_[id] = {entity.expires_ms, entity.version};
  } else if (row.has_more) {
    more_.erase(id);
  }
  row.updated_ms = entity.updated_ms;
  row.is_there = true;
  row.is_hidden = entity.hidden;
  row.has_more = has_more;
  if (!is_item_) return;
  if (id >= revisions_.size()) {
    revisions_.resize(id + std::size_t{1});
    first_seen_.resize(id + std::size_t{1});
  }
  revisions_[id] = ++newest_revision_;
  if (is_new) first_seen_[id] = first_seen_ms;
}

void EntityTable::extend(std::size_t id_end) {
  WriterLock lock(mutex_);
  if (id_end > rows_.size()) rows_.resize(id_end);
}

void EntityTable::remove(DenseId id) {
  attributes_->remove(id);
  WriterLock lock(mutex_);
  if (id >= rows_.size() || !rows_[id].is_there) return;
  if (rows_[id].has_more) more_.erase(id);
  rows_[id] = Row{};
  --live_count_;
}

}  // namespace tamis::engine
