#include "engine/history_cache.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "common/record_checks.h"
#include "engine/bounded_cache.h"

namespace tamis::engine {
namespace {

// A user who is written this much without being read is dropped and loaded again when next asked for.
constexpr std::size_t kMaxFreshEvents = 512;

struct Entry {
  std::shared_ptr<const UserHistory> base;
  Sequence loaded_through = 0;      // the last interaction that was read from the store
  std::vector<HistoryEvent> fresh;  // committed since, in commit order; merged by the next get()
};

std::uint64_t entry_bytes(const Entry& entry) {
  return sizeof(UserHistory) + entry.base->events.capacity() * sizeof(HistoryEvent) +
         entry.base->seen.capacity() * sizeof(DenseId) + entry.fresh.capacity() * sizeof(HistoryEvent);
}

// Newer timestamps first; of equal ones the later commit first, which is where it is inserted.
void merge_fresh(Entry* entry, std::size_t max_events) {
  auto merged = std::make_shared<UserHistory>(*entry->base);
  for (const HistoryEvent& event : entry->fresh) {
    const auto place = std::find_if(merged->events.begin(), merged->events.end(), [&](const HistoryEvent& other) {
      return other.timestamp_ms <= event.timestamp_ms;
    });
    merged->events.insert(place, event);
    if (merged->events.size() > max_events) merged->events.pop_back();
    const auto seen = std::lower_bound(merged->seen.begin(), merged->seen.end(), event.item);
    if (seen == merged->seen.end() || *seen != event.item) merged->seen.insert(seen, event.item);
  }
  entry->fresh = {};
  entry->base = std::move(merged);
}

void sort_unique(std::vector<DenseId>* ids) {
  std::sort(ids->begin(), ids->end());
  ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
  ids->shrink_to_fit();
}

}  // namespace

struct HistoryCache::Impl {
  Impl(const storage::Store* store_in, std::size_t max_events_in, std::uint64_t capacity_bytes)
      : store(store_in), max_events(max_events_in), cache(capacity_bytes) {}

  Result<Entry> load(DenseId user) const {
    TAMIS_ASSIGN_OR_RETURN(auto rows, store->user_interactions(user, std::numeric_limits<std::size_t>::max()));
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
      return a.timestamp_ms != b.timestamp_ms ? a.timestamp_ms > b.timestamp_ms : a.sequence > b.sequence;
    });
    Entry entry;
    auto history = std::make_shared<UserHistory>();
    history->events.reserve(std::min(rows.size(), max_events));
    history->seen.reserve(rows.size());
    for (const auto& row : rows) {
      entry.loaded_through = std::max(entry.loaded_through, row.sequence);
      if (!is_sound_interaction(row.value, row.timestamp_ms)) continue;
      if (history->events.size() < max_events) {
        history->events.push_back({row.item, row.type, history_value(row.value), row.timestamp_ms});
      }
      history->seen.push_back(row.item);
    }
    sort_unique(&history->seen);
    entry.base = std::move(history);
    return entry;
  }

  const storage::Store* store;
  const std::size_t max_events;
  BoundedCache<DenseId, Entry> cache;
};

HistoryCache::HistoryCache(const storage::Store* store, std::size_t max_events, std::uint64_t capacity_bytes)
    : impl_(std::make_unique<Impl>(store, max_events, capacity_bytes)) {}
HistoryCache::~HistoryCache() = default;

Result<std::shared_ptr<const UserHistory>> HistoryCache::get(DenseId user) {
  static const auto kEmpty = std::make_shared<const UserHistory>();
  if (user == kNoDenseId) return kEmpty;
  std::shared_ptr<const UserHistory> history;
  const bool hit = impl_->cache.visit(user, [&](Entry& entry) {
    if (!entry.fresh.empty()) merge_fresh(&entry, impl_->max_events);
    history = entry.base;
    return entry_bytes(entry);
  });
  if (hit) return history;

  const auto ticket = impl_->cache.begin_load(user);
  TAMIS_ASSIGN_OR_RETURN(Entry entry, impl_->load(user));
  history = entry.base;
  const std::uint64_t bytes = entry_bytes(entry);
  impl_->cache.insert(user, std::move(entry), bytes, ticket);
  return history;
}

Result<std::vector<DenseId>> HistoryCache::seen_of_types(DenseId user,
                                                         const std::vector<storage::InteractionTypeId>& types) const {
  std::vector<DenseId> seen;
  if (user == kNoDenseId) return seen;
  TAMIS_ASSIGN_OR_RETURN(const auto rows,
                         impl_->store->user_interactions(user, std::numeric_limits<std::size_t>::max()));
  const std::set<storage::InteractionTypeId> wanted(types.begin(), types.end());
  for (const auto& row : rows) {
    if (wanted.contains(row.type) && is_sound_interaction(row.value, row.timestamp_ms)) seen.push_back(row.item);
  }
  sort_unique(&seen);
  return seen;
}

void HistoryCache::on_interaction(DenseId user, const HistoryEvent& event, Sequence sequence) {
  impl_->cache.update(user, [&](Entry& entry) -> std::uint64_t {
    if (sequence <= entry.loaded_through) return entry_bytes(entry);  // the load has found it
    if (entry.fresh.size() >= kMaxFreshEvents) return 0;
    entry.fresh.push_back(event);
    return entry_bytes(entry);
  });
}

void HistoryCache::on_user_deleted(DenseId user) { impl_->cache.erase(user); }

std::uint64_t HistoryCache::memory_bytes() const { return impl_->cache.memory_bytes(); }

}  // namespace tamis::engine
