// RocksStore: the Store of store.h on RocksDB. See there for promises, threads and errors.
#pragma once

#include <rocksdb/write_batch.h>

#include <atomic>
#include <memory>
#include <string>

#include "common/mutex.h"
#include "storage/open_database.h"
#include "storage/rocks_options.h"
#include "storage/store.h"
#include "storage/store_state.h"

namespace tamis::storage {

class RocksStore final : public Store {
 public:
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& dir, const StoreOptions& options);
  ~RocksStore() override;

  Result<std::vector<CommittedRecord>> commit(std::span<const Mutation> mutations, Durability durability) override;
  Result<CommittedGroup> commit_group(std::span<std::vector<Mutation>> writes, Durability durability) override;
  Status sync() override;
  Status reopen() override;

  Sequence last_sequence() const override { return last_sequence_.load(std::memory_order_acquire); }
  bool is_writable() const override;
  const IdTable& ids(EntityKind kind) const override { return kind == EntityKind::kUser ? users_ : items_; }
  std::string interaction_type_name(InteractionTypeId type) const override { return types_.name(type); }
  std::optional<InteractionTypeId> find_interaction_type(std::string_view name) const override;
  StoreCounts counts() const override;

  Result<Entity> get_entity(EntityKind kind, DenseId id) const override;
  Status scan_entities(EntityKind kind, DenseId first,
                       const std::function<bool(DenseId, Entity&&)>& visit) const override;
  Result<std::vector<StoredInteraction>> user_interactions(DenseId user, std::size_t limit,
                                                           std::optional<InteractionCursor> before) const override;
  Result<std::vector<StoredInteraction>> item_interactions(DenseId item, std::size_t limit,
                                                           std::optional<InteractionCursor> before) const override;
  Status scan_interactions(bool with_context,
                           const std::function<bool(const StoredInteraction&)>& visit) const override;
  Status scan_interactions_by_item(const std::function<bool(const StoredInteraction&)>& visit) const override;
  std::vector<Space> spaces() const override;
  Result<Space> get_space(std::string_view name) const override;
  Result<VersionedVector> get_vector(std::string_view space, EntityKind kind, DenseId id) const override;
  Status get_vectors(std::string_view space, EntityKind kind, std::span<const DenseId> ids,
                     const std::function<void(std::size_t, VersionedVector&&)>& visit) const override;
  Status scan_vectors(std::string_view space, EntityKind kind,
                      const std::function<bool(DenseId, std::span<const float>)>& visit) const override;
  Result<std::string> get_document(std::string_view collection, std::string_view name) const override;
  Result<std::vector<Document>> list_documents(std::string_view collection) const override;
  Status read_log(Sequence from, const std::function<bool(const CommittedRecord&)>& visit) const override;
  Sequence first_log_sequence() const override { return first_log_sequence_.load(std::memory_order_acquire); }
  Result<Sequence> trim_log(const LogRetention& retention) override;
  std::vector<DepartedUser> erased_users() const override { return departed_.erased(); }
  std::vector<DepartedUser> departed_users() const override { return departed_.all(); }
  bool is_being_erased(std::string_view user) const override { return departed_.is_erased(user) && !users_.find(user); }
  Status scan_taken(Sequence after, const std::function<bool(TakenInteractions&&)>& visit) const override;
  Status forget_taken(Sequence through) override;
  Status erase_departed(std::span<const DepartedUser> erased, std::atomic<bool>* stop) override;

  Status write_impressions(const ImpressionBatch& batch) override;
  Status scan_impressions(TimestampMs from_ms, TimestampMs to_ms,
                          const std::function<bool(const Impression&, std::span<const Outcome>)>& visit) const override;
  Status remove_impressions(std::span<const ImpressionRow> rows) override;
  Status prune_impressions(TimestampMs before_ms) override;
  Result<Sequence> attributed_through() const override;

  Status checkpoint(const std::filesystem::path& dir) const override;
  Status flush() override;
  std::map<std::string, double> statistics() const override;
  std::uint64_t free_disk_bytes() const override;

 private:
  // What a read holds on to for as long as it runs.
  struct Pin {
    std::shared_ptr<OpenDatabase> database;
    std::shared_ptr<const SpaceMap> spaces;
  };

  RocksStore(std::string dir, const StoreOptions& options);
  Status load();
  Status load_id_table(const OpenDatabase& database, IdSpace space, IdTable* table);
  Result<Pin> pin() const;  // unavailable while the database is being reopened
  Result<std::shared_ptr<StoredSpace>> find_space(const Pin& pin, std::string_view name) const;
  Result<StoredInteraction> from_item_row(const Pin& pin, const HistoryPosition& position,
                                          std::string_view value) const;
  void name_entities(CommittedRecord* record) const;
  DenseId user_in_record(std::string_view name, Sequence sequence) const;
  Result<TimestampMs> committed_at(const Pin& pin, Sequence sequence) const;
  // The first sequence of [first, last] that `is_kept`; last where none is. REQUIRES: it is kept from there on.
  Result<Sequence> first_kept(Sequence first, Sequence last,
                              const std::function<Result<bool>(Sequence)>& is_kept) const;
  Status forget_merged(const Pin& pin, Sequence first);
  Status rewrite_log(const Pin& pin, Sequence last, const std::atomic<bool>& stop);
  Status rewrite_files(const Pin& pin, std::span<const DepartedUser> departed, std::atomic<bool>* stop);
  void publish(const StoreState& state);
  Status writable_now() const;
  bool below_watermark() const;
  static Status flush_all(const Pin& pin);
  Status write(const Pin& pinned, rocksdb::WriteBatch* batch, Durability durability);
  Status poison(Status cause);
  Status probe_disk() const;
  std::uint64_t log_bytes() const;
  Status read_on();
  void close();

  const std::string dir_;
  const StoreOptions options_;
  RocksResources resources_;
  IdTable users_, items_, types_;
  DepartedUsers departed_;
  std::atomic<Sequence> first_log_sequence_ = 1;
  std::atomic<Sequence> last_sequence_ = 0;
  std::atomic<bool> poisoned_ = false;

  // Of the committing thread.
  StoreState state_;
  rocksdb::WriteBatch batch_;

  mutable SharedMutex published_mutex_;
  Pin published_ TAMIS_GUARDED_BY(published_mutex_);
  StoreCounts counts_ TAMIS_GUARDED_BY(published_mutex_);
};

}  // namespace tamis::storage
