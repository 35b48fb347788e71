#include "engine/live/history_cache.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "common/record_checks.h"
#include "engine/interactions/stored_types.h"
#include "engine/interactions/weigh_events.h"
#include "engine/serving/bounded_cache.h"

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
         (entry.base->seen.capacity() + entry.base->excluded.capacity()) * sizeof(DenseId) +
         entry.fresh.capacity() * sizeof(HistoryEvent);
}

bool holds(const std::vector<DenseId>& ids, DenseId id) { return std::binary_search(ids.begin(), ids.end(), id); }

void insert_sorted(std::vector<DenseId>* ids, DenseId id) {
  const auto place = std::lower_bound(ids->begin(), ids->end(), id);
  if (place == ids->end() || *place != id) ids->insert(place, id);
}

// Brings `seen` and `excluded` up to an event. False where that takes the user's whole history: an event that excludes
// an item, or ends an exclusion, of which there are others.
bool merge_meaning(const HistoryEvent& event, const TypeRule& rule, UserHistory* history) {
  if (rule.type->meaning == InteractionMeaning::kShown) return true;
  const bool was_seen = holds(history->seen, event.item);
  if (!was_seen) insert_sorted(&history->seen, event.item);
  if (!rule.is_special) return true;
  if (was_seen) return !rule.type->excludes_item() && !holds(history->excluded, event.item);
  const MeantEvent alone{event.item, &rule, event.value, event.timestamp_ms};
  if (weigh_pair({&alone, 1}).is_excluded) insert_sorted(&history->excluded, event.item);
  return true;
}

// Newer timestamps first; of equal ones the later commit first, which is where it is inserted. False where the history
// is to be loaded again.
bool merge_fresh(Entry* entry, std::size_t max_events, TypeRules* rules) {
  auto merged = std::make_shared<UserHistory>(*entry->base);
  for (const HistoryEvent& event : entry->fresh) {
    const auto place = std::find_if(merged->events.begin(), merged->events.end(), [&](const HistoryEvent& other) {
      return other.timestamp_ms <= event.timestamp_ms;
    });
    merged->events.insert(place, event);
    if (merged->events.size() > max_events) merged->events.pop_back();
    if (!merge_meaning(event, rules->of(event.type), merged.get())) return false;
  }
  entry->fresh = {};
  entry->base = std::move(merged);
  return true;
}

void sort_unique(std::vector<DenseId>* ids) {
  std::sort(ids->begin(), ids->end());
  ids->erase(std::unique(ids->begin(), ids->end()), ids->end());
  ids->shrink_to_fit();
}

}  // namespace

struct HistoryCache::Impl {
  Impl(const storage::Store* store_in, std::size_t max_events_in, std::uint64_t capacity_bytes,
       std::shared_ptr<const InteractionTypes> types_in)
      : store(store_in), max_events(max_events_in), cache(capacity_bytes), types(std::move(types_in)) {}

  TypeRules rules() const {
    MutexLock lock(types_mutex);
    return make_type_rules(*store, types);
  }

  Result<Entry> load(DenseId user) const {
    TypeRules meanings = rules();
    TAMIS_ASSIGN_OR_RETURN(auto rows, store->user_interactions(user, std::numeric_limits<std::size_t>::max()));
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
      return a.timestamp_ms != b.timestamp_ms ? a.timestamp_ms > b.timestamp_ms : a.sequence > b.sequence;
    });
    Entry entry;
    auto history = std::make_shared<UserHistory>();
    history->events.reserve(std::min(rows.size(), max_events));
    for (const auto& row : rows) {
      entry.loaded_through = std::max(entry.loaded_through, row.sequence);
      if (!is_sound_interaction(row.value, row.timestamp_ms)) continue;
      if (history->events.size() < max_events) {
        history->events.push_back({row.item, row.type, history_value(row.value), row.timestamp_ms});
      }
    }
    std::vector<MeantEvent> meant;
    meant.reserve(rows.size());
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
      if (is_sound_interaction(row->value, row->timestamp_ms))
        meant.push_back({row->item, &meanings.of(row->type), row->value.value_or(kNoValue), row->timestamp_ms});
    }
    for (const ItemPreference& item : weigh_items(meant)) {
      if (item.preference.is_seen) history->seen.push_back(item.item);
      if (item.preference.is_excluded) history->excluded.push_back(item.item);
    }
    history->seen.shrink_to_fit();
    entry.base = std::move(history);
    return entry;
  }

  const storage::Store* store;
  const std::size_t max_events;
  BoundedCache<DenseId, Entry> cache;
  mutable Mutex types_mutex;
  std::shared_ptr<const InteractionTypes> types TAMIS_GUARDED_BY(types_mutex);
};

HistoryCache::HistoryCache(const storage::Store* store, std::size_t max_events, std::uint64_t capacity_bytes,
                           std::shared_ptr<const InteractionTypes> types)
    : impl_(std::make_unique<Impl>(store, max_events, capacity_bytes, std::move(types))) {}
HistoryCache::~HistoryCache() = default;

Result<std::shared_ptr<const UserHistory>> HistoryCache::get(DenseId user) {
  static const auto kEmpty = std::make_shared<const UserHistory>();
  if (user == kNoDenseId) return kEmpty;
  std::shared_ptr<const UserHistory> history;
  bool is_current = true;
  const bool hit = impl_->cache.visit(user, [&](Entry& entry) {
    if (!entry.fresh.empty()) {
      TypeRules rules = impl_->rules();
      is_current = merge_fresh(&entry, impl_->max_events, &rules);
    }
    history = entry.base;
    return entry_bytes(entry);
  });
  if (hit && is_current) return history;
  if (hit) impl_->cache.erase(user);

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

void HistoryCache::set_types(std::shared_ptr<const InteractionTypes> types) {
  {
    MutexLock lock(impl_->types_mutex);
    impl_->types.swap(types);
  }
  impl_->cache.clear();
}

std::uint64_t HistoryCache::memory_bytes() const { return impl_->cache.memory_bytes(); }
CacheFigures HistoryCache::figures() const { return impl_->cache.figures(); }

}  // namespace tamis::engine
