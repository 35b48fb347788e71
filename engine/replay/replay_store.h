// ReplayStore: the part of a Store that queries read, in memory, filled from log records.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/store.h"

namespace tamis::engine {

// Externally synchronised. What queries do not ask for answers internal.
class ReplayStore final : public storage::Store {
 public:
  // Takes the next record of a log: assigns the ids that it names; keeps, moves and drops interactions. Completes the
  // record by what it did. corruption where an id is not the record's own.
  Status absorb(storage::CommittedRecord* record);

  // Of the interactions; the ids are the live state's to tell. Looks at each user.
  std::uint64_t memory_bytes() const;

  Sequence last_sequence() const override { return last_sequence_; }
  const storage::IdTable& ids(EntityKind kind) const override { return kind == EntityKind::kUser ? users_ : items_; }
  std::string interaction_type_name(storage::InteractionTypeId type) const override;
  std::optional<storage::InteractionTypeId> find_interaction_type(std::string_view name) const override;
  Result<std::vector<storage::StoredInteraction>> user_interactions(
      DenseId user, std::size_t limit, std::optional<InteractionCursor> before) const override;
  Result<std::vector<storage::StoredInteraction>> item_interactions(
      DenseId item, std::size_t limit, std::optional<InteractionCursor> before) const override;

  Result<std::vector<storage::CommittedRecord>> commit(std::span<const Mutation>, Durability) override;
  Result<storage::CommittedGroup> commit_group(std::span<std::vector<Mutation>>, Durability) override;
  Status sync() override;
  Status reopen() override;
  bool is_writable() const override { return false; }
  storage::StoreCounts counts() const override { return {}; }
  Result<Entity> get_entity(EntityKind, DenseId) const override;
  Status scan_entities(EntityKind, DenseId, const std::function<bool(DenseId, Entity&&)>&) const override;
  Status scan_interactions(bool, const std::function<bool(const storage::StoredInteraction&)>&) const override;
  Status scan_interactions_by_item(const std::function<bool(const storage::StoredInteraction&)>&) const override;
  std::vector<Space> spaces() const override { return {}; }
  Result<Space> get_space(std::string_view) const override;
  Result<VersionedVector> get_vector(std::string_view, EntityKind, DenseId) const override;
  Status get_vectors(std::string_view, EntityKind, std::span<const DenseId>,
                     const std::function<void(std::size_t, VersionedVector&&)>&) const override;
  Status scan_vectors(std::string_view, EntityKind,
                      const std::function<bool(DenseId, std::span<const float>)>&) const override;
  Result<std::string> get_document(std::string_view, std::string_view) const override;
  Result<std::vector<storage::Document>> list_documents(std::string_view) const override;
  Status read_log(Sequence, const std::function<bool(const storage::CommittedRecord&)>&) const override;
  Sequence first_log_sequence() const override { return 1; }
  Result<Sequence> trim_log(const LogRetention&) override;
  std::vector<storage::DepartedUser> departed_users() const override { return {}; }
  std::vector<storage::DepartedUser> erased_users() const override { return {}; }
  bool is_being_erased(std::string_view) const override { return false; }
  Status erase_departed(std::span<const storage::DepartedUser>, std::atomic<bool>*) override;
  Status write_impressions(const storage::ImpressionBatch&) override;
  Status scan_impressions(
      TimestampMs from_ms, TimestampMs to_ms,
      const std::function<bool(const storage::Impression&, std::span<const storage::Outcome>)>&) const override;
  Status remove_impressions(std::span<const storage::ImpressionRow>) override;
  Status prune_impressions(TimestampMs) override;
  Result<Sequence> attributed_through() const override;
  Status checkpoint(const std::filesystem::path&) const override;
  Status flush() override;
  std::map<std::string, double> statistics() const override { return {}; }
  std::uint64_t free_disk_bytes() const override { return 0; }

 private:
  // What queries read of an interaction.
  struct Row {
    TimestampMs timestamp_ms = 0;
    Sequence sequence = 0;
    DenseId item = kNoDenseId;
    storage::InteractionTypeId type = 0;
    bool has_value = false;
    double value = 0;
  };
  using Rows = std::vector<Row>;  // oldest first, by timestamp and sequence

  Status assign(EntityKind kind, std::string_view id, DenseId expected, bool* is_new);
  Status absorb_merge(const MergeUser& merge, storage::CommittedRecord* record);
  std::vector<DenseId> owners(const InteractionRef& ref) const;
  // Takes the rows that `is_taken` names from those of a user.
  void take(DenseId user, const std::function<bool(const Row&)>& is_taken,
            std::vector<storage::StoredInteraction>* taken);
  static storage::StoredInteraction as_stored(DenseId user, const Row& row);
  void insert(DenseId user, const Row& row);
  void keep(const storage::CommittedRecord& record, const Interaction& interaction);

  storage::IdTable users_;
  storage::IdTable items_;
  std::vector<std::string> types_;
  std::unordered_map<std::string, storage::InteractionTypeId> type_ids_;
  std::unordered_map<DenseId, Rows> rows_;  // by user
  Sequence last_sequence_ = 0;
};

}  // namespace tamis::engine
