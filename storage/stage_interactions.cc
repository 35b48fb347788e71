// WriteStage, continued: interactions put, taken back and moved to another user.
#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>

#include "storage/rocks_status.h"
#include "storage/value_codec.h"
#include "storage/write_stage.h"

namespace tamis::storage {
namespace {

bool has_details(const StoredInteraction& row) {
  return !row.context.empty() || !row.recommendation_id.empty() || !row.idempotency_key.empty() ||
         !row.import_id.empty();
}

bool has_details(const Interaction& interaction) {
  return !interaction.context.empty() || !interaction.recommendation_id.empty() ||
         !interaction.idempotency_key.empty() || !interaction.import_id.empty();
}

// The sequence in "tamis:<sequence>", the key that an exported interaction has where it was stored without one.
std::optional<Sequence> exported_sequence(std::string_view key) {
  constexpr std::string_view kPrefix = "tamis:";
  if (!key.starts_with(kPrefix)) return std::nullopt;
  key.remove_prefix(kPrefix.size());
  Sequence sequence = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), sequence);
  if (error != std::errc() || end != key.data() + key.size() || key.empty()) return std::nullopt;
  return sequence;
}

}  // namespace

Status WriteStage::stage_one(PutInteraction* put_interaction, Mutation* mutation) {
  const Interaction& interaction = put_interaction->interaction;
  if (is_erased(EntityKind::kUser, interaction.user)) return ignore(mutation), Status::ok();
  if (!interaction.idempotency_key.empty()) {
    TAMIS_ASSIGN_OR_RETURN(const bool seen, seen_before(interaction));
    if (seen) {
      const DenseId user = users_.find(interaction.user).value_or(kNoDenseId);
      const DenseId item = items_.find(interaction.item).value_or(kNoDenseId);
      CommittedRecord& record = append_unstored(mutation);
      record.user = user;
      record.item = item;
      return Status::ok();
    }
  }
  bool new_user = false;
  bool new_item = false;
  TAMIS_ASSIGN_OR_RETURN(const DenseId user, touch(EntityKind::kUser, interaction.user, &new_user));
  TAMIS_ASSIGN_OR_RETURN(const DenseId item, touch(EntityKind::kItem, interaction.item, &new_item));
  TAMIS_ASSIGN_OR_RETURN(const InteractionTypeId type, resolve_type(interaction.type));

  HistoryPosition position{
      .owner = user, .timestamp_ms = interaction.timestamp_ms, .sequence = state_.last_sequence + 1};
  ++state_.interactions;
  value_.clear();
  encode_interaction({.item = item, .type = type, .value = interaction.value}, interaction, &value_);
  put(database_.table(Table::kInteractions), history_key(position).view());
  staged_interactions_.push_back(
      {.position = position, .item = item, .row = value_, .in_item_view = true, .erased = false});
  value_.clear();
  encode_by_item({.user = user, .type = type, .value = interaction.value, .has_details = has_details(interaction)},
                 &value_);
  position.owner = item;
  put(database_.table(Table::kByItem), history_key(position).view());
  if (!interaction.idempotency_key.empty()) {
    value_.clear();
    encode_idempotency({.expires_ms = context_.now_ms + context_.idempotency_ttl_ms, .sequence = position.sequence},
                       &value_);
    put(database_.table(Table::kIdempotency), idempotency_table_key(interaction.idempotency_key));
    idempotency_keys_.insert(interaction.idempotency_key);
    undo_.emplace_back([this, key = interaction.idempotency_key] { idempotency_keys_.erase(key); });
  }
  append_record(mutation, user, item);
  records_.back().new_user = new_user;
  records_.back().new_item = new_item;
  return Status::ok();
}

// A key is remembered for idempotency_ttl_s. Past that, the interaction itself still tells: its row has the key, or its
// sequence is the one that an export named. Such a repeat has its time with it, which is as old as the key at least.
Result<bool> WriteStage::seen_before(const Interaction& interaction) const {
  const std::string& key = interaction.idempotency_key;
  if (idempotency_keys_.contains(key)) return true;
  if (!freed_keys_.contains(key)) {
    TAMIS_ASSIGN_OR_RETURN(const bool is_held, holds_key(interaction));
    if (is_held) return true;
  }
  const bool may_be_forgotten = interaction.timestamp_ms <= context_.now_ms - context_.idempotency_ttl_ms;
  if (!may_be_forgotten && !exported_sequence(key)) return false;
  return holds_equal(interaction);
}

Result<bool> WriteStage::holds_key(const Interaction& interaction) const {
  const auto look_up = [&](std::string_view key) -> Result<bool> {
    rocksdb::PinnableSlice value;
    const rocksdb::Status status =
        database_.db()->Get(rocksdb::ReadOptions(), database_.table(Table::kIdempotency), key, &value);
    if (status.IsNotFound()) return false;
    TAMIS_RETURN_IF_ERROR(from_rocks(status, "look up an idempotency key"));
    IdempotencyRow row;
    TAMIS_RETURN_IF_ERROR(decode_idempotency(value.ToStringView(), &row));
    return row.expires_ms > context_.now_ms;
  };
  TAMIS_ASSIGN_OR_RETURN(const bool is_held, look_up(idempotency_table_key(interaction.idempotency_key)));
  if (is_held || !state_.has_raw_keys) return is_held;
  return look_up(interaction.idempotency_key);
}

Result<bool> WriteStage::holds_equal(const Interaction& interaction) const {
  const auto user = users_.find(interaction.user);
  const auto item = items_.find(interaction.item);
  if (!user || !item || erased_users_.contains(*user)) return false;
  const auto exported = exported_sequence(interaction.idempotency_key);
  const HistoryKey newest = history_key(
      {.owner = *user, .timestamp_ms = interaction.timestamp_ms, .sequence = std::numeric_limits<Sequence>::max()});
  rocksdb::ReadOptions options;
  options.prefix_same_as_start = true;
  const std::unique_ptr<rocksdb::Iterator> row(
      database_.db()->NewIterator(options, database_.table(Table::kInteractions)));
  StoredInteraction stored;
  for (row->Seek(newest.view()); row->Valid(); row->Next()) {
    const auto position = decode_history_key(row->key().ToStringView());
    if (!position || position->owner != *user || position->timestamp_ms != interaction.timestamp_ms) break;
    if (displaced_.contains(position->sequence)) continue;
    TAMIS_RETURN_IF_ERROR(decode_interaction(row->value().ToStringView(), /*with_context=*/false, &stored));
    if (stored.item != *item) continue;
    if (stored.idempotency_key == interaction.idempotency_key || position->sequence == exported) return true;
  }
  TAMIS_RETURN_IF_ERROR(from_rocks(row->status(), "look up an interaction"));
  return false;
}

Status WriteStage::stage_one(DeleteInteractions* erase, Mutation* mutation) {
  std::vector<StoredInteraction> removed;
  std::vector<InteractionRef> found;
  for (InteractionRef& ref : erase->rows) {
    const auto user = users_.find(ref.user);
    if (!user) continue;
    TAMIS_ASSIGN_OR_RETURN(
        const auto row, find_interaction({.owner = *user, .timestamp_ms = ref.timestamp_ms, .sequence = ref.sequence}));
    if (!row) continue;
    TAMIS_RETURN_IF_ERROR(remove_interaction(*row, &removed));
    found.push_back(std::move(ref));
  }
  erase->rows = std::move(found);
  append_record(mutation, kNoDenseId, kNoDenseId);
  put_taken(std::move(removed), /*to=*/kNoDenseId);
  return Status::ok();
}

Status WriteStage::stage_one(MergeUser* merge, Mutation* mutation) {
  const Result<DenseId> found = find_live(EntityKind::kUser, merge->session);
  if (!found.is_ok()) return Status(found.status()).at_field("session");
  const DenseId session = *found;
  TAMIS_ASSIGN_OR_RETURN(auto rows, current_interactions(session, MergeUser::kMaxMoved + 1));
  merge->complete = rows.size() <= MergeUser::kMaxMoved;
  if (!merge->complete) rows.pop_back();
  DenseId user = users_.find(merge->user).value_or(kNoDenseId);
  bool new_user = false;
  if (is_erased(EntityKind::kUser, merge->user)) {
    return Status::not_found("user \"" + merge->user + "\" is being erased").at_field("user");
  }
  if (!rows.empty()) {
    TAMIS_ASSIGN_OR_RETURN(user, touch(EntityKind::kUser, merge->user, &new_user));
  }
  std::vector<StoredInteraction> moved;
  for (const CurrentInteraction& row : rows) {
    TAMIS_RETURN_IF_ERROR(move_interaction(row, user, &moved));
    merge->moved.push_back(row.position.sequence);
  }
  std::sort(merge->moved.begin(), merge->moved.end());
  if (merge->complete) {
    remove_entity(EntityKind::kUser, session);
    depart(session, merge->session, /*erased=*/false, user);
  }
  append_record(mutation, user, kNoDenseId);
  CommittedRecord& record = records_.back();
  record.session = session;
  record.new_user = new_user;
  put_taken(std::move(moved), user);
  return Status::ok();
}

void WriteStage::put_taken(std::vector<StoredInteraction> taken, DenseId to) {
  TakenInteractions row{.sequence = records_.back().sequence, .to = to, .rows = std::move(taken)};
  value_.clear();
  encode_taken(row, &value_);
  put(database_.table(Table::kMeta), taken_key(row.sequence));
  records_.back().affected = std::move(row.rows);
}

Result<std::optional<WriteStage::CurrentInteraction>> WriteStage::find_interaction(const HistoryPosition& position) {
  using Found = std::optional<CurrentInteraction>;
  const bool is_displaced = displaced_.contains(position.sequence);
  if (is_displaced || position.sequence > first_sequence_) {
    for (std::size_t i = 0; i < staged_interactions_.size(); ++i) {
      const StagedInteraction& staged = staged_interactions_[i];
      if (staged.position == position && !staged.erased) return Found({position, staged.row, i});
    }
  }
  if (is_displaced || erased_users_.contains(position.owner)) return Found();
  std::string row;
  const rocksdb::Status status = database_.db()->Get(rocksdb::ReadOptions(), database_.table(Table::kInteractions),
                                                     history_key(position).view(), &row);
  if (status.IsNotFound()) return Found();
  TAMIS_RETURN_IF_ERROR(from_rocks(status, "read an interaction"));
  return Found({position, std::move(row), kNoRecord});
}

Status WriteStage::displace(const CurrentInteraction& row, StoredInteraction* stored) {
  TAMIS_RETURN_IF_ERROR(decode_interaction(row.row, /*with_context=*/true, stored));
  stored->sequence = row.position.sequence;
  stored->user = row.position.owner;
  stored->timestamp_ms = row.position.timestamp_ms;
  erase(database_.table(Table::kInteractions), history_key(row.position).view());
  if (row.staged != kNoRecord) {
    staged_interactions_[row.staged].erased = true;
    undo_.emplace_back([this, i = row.staged] { staged_interactions_[i].erased = false; });
  } else if (displaced_.insert(row.position.sequence).second) {
    undo_.emplace_back([this, sequence = row.position.sequence] { displaced_.erase(sequence); });
  }
  return Status::ok();
}

Status WriteStage::remove_interaction(const CurrentInteraction& row, std::vector<StoredInteraction>* removed) {
  StoredInteraction& stored = removed->emplace_back();
  TAMIS_RETURN_IF_ERROR(displace(row, &stored));
  stored.context.clear();
  HistoryPosition position = row.position;
  position.owner = stored.item;
  erase(database_.table(Table::kByItem), history_key(position).view());
  --state_.interactions;
  const std::string& key = stored.idempotency_key;
  if (key.empty()) return Status::ok();
  erase(database_.table(Table::kIdempotency), idempotency_table_key(key));
  if (state_.has_raw_keys) erase(database_.table(Table::kIdempotency), key);
  if (idempotency_keys_.erase(key) > 0) undo_.emplace_back([this, key] { idempotency_keys_.insert(key); });
  if (freed_keys_.insert(key).second) undo_.emplace_back([this, key] { freed_keys_.erase(key); });
  return Status::ok();
}

// The row keeps its sequence and time; its key alone changes.
Status WriteStage::move_interaction(const CurrentInteraction& row, DenseId user,
                                    std::vector<StoredInteraction>* moved) {
  StoredInteraction& stored = moved->emplace_back();
  TAMIS_RETURN_IF_ERROR(displace(row, &stored));
  TAMIS_ASSIGN_OR_RETURN(const bool in_item_view, is_in_item_view(row, stored.item));
  HistoryPosition position = row.position;
  position.owner = user;
  value_.assign(row.row);
  put(database_.table(Table::kInteractions), history_key(position).view());
  staged_interactions_.push_back(
      {.position = position, .item = stored.item, .row = row.row, .in_item_view = in_item_view, .erased = false});
  if (in_item_view) {
    value_.clear();
    encode_by_item({.user = user, .type = stored.type, .value = stored.value, .has_details = has_details(stored)},
                   &value_);
    position.owner = stored.item;
    put(database_.table(Table::kByItem), history_key(position).view());
  }
  stored.context.clear();
  return Status::ok();
}

// The deletion of an item takes the rows out of `by_item` that it has then.
Result<bool> WriteStage::is_in_item_view(const CurrentInteraction& row, DenseId item) const {
  if (row.staged != kNoRecord) return staged_interactions_[row.staged].in_item_view;
  if (erased_items_.contains(item)) return false;
  HistoryPosition position = row.position;
  position.owner = item;
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = database_.db()->Get(rocksdb::ReadOptions(), database_.table(Table::kByItem),
                                                     history_key(position).view(), &value);
  if (status.IsNotFound()) return false;
  TAMIS_RETURN_IF_ERROR(from_rocks(status, "read an interaction"));
  return true;
}

}  // namespace tamis::storage
