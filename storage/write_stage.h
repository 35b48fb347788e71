// WriteStage: turns the mutations of a group of writes into one RocksDB batch (log records and table rows) and the
// records that listeners see. Each mutation sees what the ones before it did; a write that is refused leaves no trace.
#pragma once

#include <rocksdb/write_batch.h>

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "storage/key_codec.h"
#include "storage/staged_ids.h"
#include "storage/store.h"
#include "storage/store_state.h"

namespace tamis::storage {

// The memory and the numbering that a commit reads and, once it is durable, extends.
struct CommitContext {
  OpenDatabase* database;
  const RocksResources* resources;
  StoreState* state;
  IdTable* users;
  IdTable* items;
  IdTable* types;
  DepartedUsers* departed;
  rocksdb::WriteBatch* batch;  // cleared by the stage; kept by the caller for its memory
  TimestampMs now_ms;
  std::int64_t idempotency_ttl_ms;
};

// Externally synchronised; used for one group. Order: add_write()..., finish(), commit batch(), publish().
class WriteStage {
 public:
  explicit WriteStage(const CommitContext& context);

  // Stages all of `mutations` or none; moves from them where it succeeds.
  Result<WriteAck> add_write(std::vector<Mutation>* mutations);
  // Adds the counters' rows.
  Status finish();
  bool has_rows() const { return state_.last_sequence != first_sequence_; }
  // Whether a space was deleted. Its column family goes for good at publish(): the batch must be synced by then, or a
  // power cut would bring back the space's row without its vectors.
  bool needs_sync() const;

  // After the batch is committed: extends the id tables and drops the column families of deleted spaces.
  Status publish();
  std::vector<CommittedRecord> take_records() { return std::move(records_); }

 private:
  // What a refused write is rolled back to.
  struct Mark {
    Sequence sequence;
    std::uint64_t interactions;
    std::shared_ptr<const SpaceMap> spaces;
    std::size_t records, users, items, types, staged_interactions, departed, undo;
  };
  // An interaction that the batch writes or moves.
  struct StagedInteraction {
    HistoryPosition position;  // owner: the user
    DenseId item;
    std::string row;    // its value in `interactions`
    bool in_item_view;  // it has a row in `by_item`
    bool erased;
  };
  // An interaction as it stands between two mutations.
  struct CurrentInteraction {
    HistoryPosition position;
    std::string row;
    std::size_t staged;  // place in staged_interactions_; kNoRecord where the database holds it
  };
  static constexpr std::size_t kNoRecord = static_cast<std::size_t>(-1);

  Mark mark();
  void rollback(const Mark& mark);

  Status stage(Mutation* mutation);
  Status stage_one(PutInteraction* put, Mutation* mutation);
  Status stage_one(PutEntity* put, Mutation* mutation);
  Status stage_one(PatchEntity* patch, Mutation* mutation);
  Status stage_one(DeleteEntity* erase, Mutation* mutation);
  Status stage_one(PutVector* put, Mutation* mutation);
  Status stage_one(DeleteVector* erase, Mutation* mutation);
  Status stage_one(PutSpace* put, Mutation* mutation);
  Status stage_one(DeleteSpace* erase, Mutation* mutation);
  Status stage_one(PutDocument* put, Mutation* mutation);
  Status stage_one(DeleteDocument* erase, Mutation* mutation);
  Status stage_one(DeleteInteractions* erase, Mutation* mutation);
  Status stage_one(MergeUser* merge, Mutation* mutation);

  // Numbers the mutation, writes its log record and keeps it as a CommittedRecord.
  void append_record(Mutation* mutation, DenseId user, DenseId item);
  // What the record that was appended last took from users; `to` has it now.
  void put_taken(std::vector<StoredInteraction> taken, DenseId to);
  void put(rocksdb::ColumnFamilyHandle* family, std::string_view key);  // with value_
  void erase(rocksdb::ColumnFamilyHandle* family, std::string_view key);

  StagedIds& ids(EntityKind kind) { return kind == EntityKind::kUser ? users_ : items_; }
  Result<DenseId> resolve(EntityKind kind, std::string_view name);  // assigns where new
  // The same, and creates the entity where the id was never seen. One that was deleted stays deleted.
  Result<DenseId> touch(EntityKind kind, std::string_view name, bool* is_new);
  Result<DenseId> find_live(EntityKind kind, std::string_view name) const;
  Result<InteractionTypeId> resolve_type(std::string_view name);
  void set_present(PresenceSet* set, DenseId id, bool present);
  void note_entity(EntityKind kind, DenseId id, std::size_t record);
  Result<Entity> current_entity(EntityKind kind, DenseId id);
  Result<bool> seen_before(const Interaction& interaction) const;
  Result<bool> holds_key(const Interaction& interaction) const;    // by the table of idempotency keys
  Result<bool> holds_equal(const Interaction& interaction) const;  // by the user's interactions of that very time
  void remove_entity(EntityKind kind, DenseId id);                 // its row and its vectors
  // The dense id of a user who goes with the next record loses its name. `into`: whom a session was merged into.
  void depart(DenseId user, const std::string& name, bool erased, DenseId into);
  void put_departed(DepartedUser departed);
  // Sessions that were merged into a user who is erased are erased with the user.
  void erase_sessions_of(DenseId user);
  // Nothing is stored of a user whose erasure is under way, until it is put again.
  bool is_erased(EntityKind kind, std::string_view name) const;
  void ignore(Mutation* mutation);
  // Nothing is stored of an entity or a vector that stands with a newer version.
  void pass_over(Mutation* mutation);
  Result<std::uint64_t> current_vector_version(const StoredSpace& space, EntityKind kind, DenseId id);
  void note_vector_version(const StoredSpace& space, EntityKind kind, DenseId id, std::uint64_t version);
  // Keeps the mutation as one that stores nothing.
  CommittedRecord& append_unstored(Mutation* mutation);
  // At most `limit` interactions of a user as the mutations before left them.
  Result<std::vector<CurrentInteraction>> current_interactions(DenseId user, std::size_t limit);
  Result<std::optional<CurrentInteraction>> find_interaction(const HistoryPosition& position);
  // Takes an interaction out of `interactions`. It is decoded into `stored`.
  Status displace(const CurrentInteraction& row, StoredInteraction* stored);
  Status remove_interaction(const CurrentInteraction& row, std::vector<StoredInteraction>* removed);
  Status move_interaction(const CurrentInteraction& row, DenseId user, std::vector<StoredInteraction>* moved);
  Result<bool> is_in_item_view(const CurrentInteraction& row, DenseId item) const;
  Status erase_user_interactions(DenseId user, std::vector<StoredInteraction>* removed);
  Status erase_item_rows(DenseId item);
  Result<std::shared_ptr<StoredSpace>> find_space(std::string_view name) const;
  bool still_exists(const StoredSpace& space) const;
  void replace_spaces(const std::function<void(SpaceMap*)>& change);
  rocksdb::ColumnFamilyHandle* document_table(std::string_view collection) const;
  void note_document(const std::string& key, bool exists);
  Result<bool> document_exists(std::string_view collection, const std::string& key) const;

  CommitContext context_;
  StoreState& state_;
  OpenDatabase& database_;
  rocksdb::WriteBatch& batch_;
  const Sequence first_sequence_;
  const std::shared_ptr<const SpaceMap> first_spaces_;
  StagedIds users_, items_, types_;

  std::vector<CommittedRecord> records_;
  std::vector<StagedInteraction> staged_interactions_;
  std::vector<DepartedUser> departed_;
  std::uint64_t ignored_ = 0;   // of the write that is being added
  std::uint64_t outdated_ = 0;  // likewise
  // Where in records_ an entity's value stands; kNoRecord for an empty one. By kind and id.
  std::unordered_map<std::uint64_t, std::size_t> entities_;
  std::unordered_map<std::uint64_t, std::uint64_t> vector_versions_;  // of the vectors that the batch writes
  std::unordered_set<std::string> idempotency_keys_;
  std::unordered_set<std::string> freed_keys_;  // idempotency keys of interactions that the batch removes
  std::unordered_set<Sequence> displaced_;      // interactions that the database holds and the batch removes or moves
  std::unordered_set<DenseId> erased_users_;    // all interactions that the database holds of them are removed
  std::unordered_set<DenseId> erased_items_;    // likewise in `by_item`
  std::unordered_map<std::string, bool> documents_;
  std::vector<std::function<void()>> undo_;
  rocksdb::Status batch_status_;  // the first failure of building the batch
  std::string value_;
};

}  // namespace tamis::storage
