// LiveState: everything that is held in memory and derived from the log: entity tables, attribute bitmaps, histories,
// statistics, vector indexes, funnels. Commits are applied to it; queries pin a ReadState of it.
//
// Threads: pin() and the accessors from any thread. apply() and the writers below from one thread at a time: recovery
// first, the committing thread from then on. A change of the set of parts (a space, a funnel, a generation) is
// published by swapping the ReadState; a change inside a part is seen at once by every state that holds it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "common/mutex.h"
#include "engine/funnel/funnel_registry.h"
#include "engine/interactions/rating_range.h"
#include "engine/live/counter_state.h"
#include "engine/live/expiry.h"
#include "engine/live/item_counter.h"
#include "engine/live/new_types.h"
#include "engine/live/quarantine.h"
#include "engine/live/read_state.h"
#include "engine/live/vector_rows.h"
#include "storage/store.h"

namespace tamis::engine {

// Hears of items whose vectors may have to be made again. Called by the thread that applies commits: must not block.
class ItemListener {
 public:
  virtual ~ItemListener() = default;
  // An item's features are new or changed, and an encoder asks a server for its vector.
  virtual void on_described(DenseId item) = 0;
  // An interaction with the item came or went.
  virtual void on_interaction(DenseId item) = 0;
};

class LiveState {
 public:
  // REQUIRES: options and store outlive this. `rows` keeps stored vectors; null: one of its own does.
  LiveState(const DatabaseOptions* options, const storage::Store* store, std::shared_ptr<RowCache> rows = nullptr);

  std::shared_ptr<const ReadState> pin() const;
  // Publishes a changed copy of the current ReadState.
  // Returns the previous state. Freeing it may take long; a caller that must not wait frees it later.
  std::shared_ptr<const ReadState> publish(const std::function<void(ReadState&)>& change);

  // Receives items that need vectors. May be null. Must outlive this object. Set it before the first apply().
  void set_item_listener(ItemListener* listener) { item_listener_ = listener; }

  // Applies committed records in order. Everything they say is visible to queries that start after it returns.
  void apply(std::span<const storage::CommittedRecord> records);

  // --- the steps of apply(), which recovery takes directly ---
  // An entity whose features are unsound serves without them.
  void put_entity(EntityKind kind, DenseId id, const Entity& entity, TimestampMs first_seen_ms);
  // Sets a vector aside that its index did not take, or releases it.
  void note_vector(const std::string& space, EntityKind kind, const std::string& id, const Status& outcome);
  // Counts all interactions of one user, and lists nothing. Before the first apply().
  void count_user(std::vector<storage::StoredInteraction> interactions);
  void set_interaction_types(std::shared_ptr<const InteractionTypes> types);  // before count_user()
  // The same from what was kept of an earlier run: load_counters(), begin_counting() with what the records since
  // deleted and moved, and count_record() for each of those records in order. Loading an empty state forgets all
  // counts. count_record() fails with corruption where a record cannot be counted.
  void load_counters(CounterState state);
  void begin_counting(std::span<const storage::CommittedRecord> changes);
  Status count_record(const storage::CommittedRecord& record);
  // What load_counters() takes; nothing where it would not lead to what counting every user anew leads to, as in the
  // midst of a recount. By the thread that applies records, or beside none; it takes next to no time.
  std::optional<CounterState> save_counters();
  // Copies into it what it still shares. By any thread, while records are applied.
  void settle_counters(CounterState* saved);
  // What counts depend on beside interactions (CounterState::meaning).
  std::string meaning_of_counts() const;
  // Recounts about `events` interactions after a change of types; true when the counts follow the newest types.
  bool recount_some(std::size_t events);
  bool is_recounting() const { return is_recounting_.load(std::memory_order_acquire); }
  void put_funnel(const std::string& name, const std::string& json);
  void delete_funnel(const std::string& name);
  // The funnels while `generation` (null: none) serves: "default", where nobody stored one, is what it found best.
  Funnels follow_generation(const Generation* generation);

  EntityTable& entities(EntityKind kind) { return kind == EntityKind::kUser ? users_ : items_; }
  const EntityTable& entities(EntityKind kind) const { return kind == EntityKind::kUser ? users_ : items_; }
  const ItemStatistics& item_statistics() const { return item_statistics_; }
  VectorRows& vector_rows() { return vector_rows_; }
  // What reads the f32 rows of spaces that do not keep them; null where all must (the constructor has no `rows`).
  VectorRows* originals() { return reads_originals_ ? &vector_rows_ : nullptr; }
  ExpiryQueue& expiries() { return expiries_; }
  NewTypes& new_types() { return new_types_; }
  RecentRatings& recent_ratings() { return recent_ratings_; }
  // What of the store this cannot take.
  Quarantine& quarantine() const { return quarantine_; }
  std::map<std::string, std::uint64_t> interactions_by_type() const;
  // Bytes of tables, indexes, caches and the serving generation, by part (docs/operations.md).
  std::map<std::string, std::uint64_t> memory_parts() const;
  std::map<std::string, CacheFigures> cache_figures() const;  // by part

 private:
  // What queries read through a ReadState. Shared with each of them, so that a query under way keeps it alive after
  // a rewind has replaced this object.
  struct Tables {
    Tables(const DatabaseOptions& options, const storage::Store* store, std::shared_ptr<RowCache> rows);
    index::AttributeIndex user_attributes;
    index::AttributeIndex item_attributes;
    EntityTable users;
    EntityTable items;
    HistoryCache histories;
    ItemStatistics item_statistics;
    VectorRows vector_rows;
  };
  // Consecutive vectors of one index, handed over together.
  struct VectorRun {
    std::string space;
    EntityKind kind = EntityKind::kItem;
    std::vector<DenseId> ids;
    std::unordered_set<DenseId> distinct;
    std::vector<float> values;
  };

  void apply_one(const storage::CommittedRecord& record);
  void apply_mutation(const storage::CommittedRecord& record, const PutInteraction& put);
  void apply_mutation(const storage::CommittedRecord& record, const PutEntity& put);
  void apply_mutation(const storage::CommittedRecord& record, const PatchEntity& patch);
  void apply_mutation(const storage::CommittedRecord& record, const DeleteEntity& erased);
  void apply_mutation(const storage::CommittedRecord& record, const PutVector& put);
  void apply_mutation(const storage::CommittedRecord& record, const DeleteVector& erased);
  void apply_mutation(const storage::CommittedRecord& record, const PutSpace& put);
  void apply_mutation(const storage::CommittedRecord& record, const DeleteSpace& erased);
  void apply_mutation(const storage::CommittedRecord& record, const PutDocument& put);
  void apply_mutation(const storage::CommittedRecord& record, const DeleteDocument& erased);
  void apply_mutation(const storage::CommittedRecord& record, const DeleteInteractions& erased);
  void apply_mutation(const storage::CommittedRecord& record, const MergeUser& merge);

  void create_entity(EntityKind kind, DenseId id, const std::string& external_id, TimestampMs committed_ms);
  void remove_entity(EntityKind kind, DenseId id);
  // What was counted; nothing where the interaction is set aside.
  std::optional<storage::StoredInteraction> count_interaction(const storage::CommittedRecord& record,
                                                              const Interaction& interaction);
  // Takes the interactions that the record deleted out of the counts.
  void uncount(const storage::CommittedRecord& record);
  void put_sound_entity(EntityKind kind, DenseId id, const Entity& entity, TimestampMs first_seen_ms);
  // A deleted entity that comes back under the same dense id has its trained vectors again; an item that is newer than
  // the generation gets those that encoders make of its features, again at each change.
  void place_in_trained_spaces(EntityKind kind, DenseId id, const Entity& entity, bool is_new);
  void flush_vectors();
  // The run, after the index refused it as a whole: what it takes row by row.
  void upsert_one_by_one(index::VectorIndex* target);
  void count_type(storage::InteractionTypeId type, std::int64_t change);
  void change_interaction_types(std::shared_ptr<const InteractionTypes> types);
  // Tells queries and the log of a type that is used for the first time.
  void on_new_type(const std::string& name);

  const DatabaseOptions* options_;
  const storage::Store* store_;
  const bool reads_originals_;
  const std::shared_ptr<Tables> tables_;
  EntityTable& users_ = tables_->users;
  EntityTable& items_ = tables_->items;
  index::AttributeIndex& user_attributes_ = tables_->user_attributes;
  index::AttributeIndex& item_attributes_ = tables_->item_attributes;
  HistoryCache& histories_ = tables_->histories;
  ItemStatistics& item_statistics_ = tables_->item_statistics;
  VectorRows& vector_rows_ = tables_->vector_rows;
  ItemCounter item_counter_;
  ExpiryQueue expiries_;
  NewTypes new_types_{[this] { return pin()->undeclared_types; }};
  mutable Quarantine quarantine_;
  RecentRatings recent_ratings_;

  ItemListener* item_listener_ = nullptr;

  // Of the applying thread alone.
  FunnelRegistry funnels_;
  VectorRun run_;
  std::unordered_map<std::string, storage::InteractionTypeId> type_ids_;

  std::atomic<bool> is_recounting_{false};
  mutable Mutex counts_mutex_;
  std::vector<std::uint64_t> counts_by_type_ TAMIS_GUARDED_BY(counts_mutex_);
  mutable Mutex state_mutex_;
  std::shared_ptr<const ReadState> state_ TAMIS_GUARDED_BY(state_mutex_);
};

}  // namespace tamis::engine
