// WriteStage, continued: the rows that go with a deleted user or item.
#include <memory>

#include "storage/rocks_status.h"
#include "storage/value_codec.h"
#include "storage/write_stage.h"

namespace tamis::storage {
namespace {

// Past this many rows one range tombstone is cheaper than one tombstone each; below, point deletes keep reads fast.
constexpr std::size_t kMaxPointDeletes = 1'000;

// Calls `visit` with the rows of one owner; it returns false to stop.
template <typename Visit>
Status each_row(const OpenDatabase& database, Table table, DenseId owner, Visit visit) {
  const EntityKey prefix = entity_key(owner);
  const std::string end = prefix_end(prefix.view());
  const rocksdb::Slice upper_bound = end;
  rocksdb::ReadOptions options;
  options.prefix_same_as_start = true;
  options.iterate_upper_bound = end.empty() ? nullptr : &upper_bound;
  const std::unique_ptr<rocksdb::Iterator> row(database.db()->NewIterator(options, database.table(table)));
  for (row->Seek(prefix.view()); row->Valid(); row->Next()) {
    TAMIS_ASSIGN_OR_RETURN(const bool goes_on, visit(row->key().ToStringView(), row->value().ToStringView()));
    if (!goes_on) return Status::ok();
  }
  return from_rocks(row->status(), "read a history");
}

}  // namespace

Status WriteStage::erase_user_interactions(DenseId user) {
  const auto erase_both = [&](HistoryPosition position, DenseId item) {
    erase(database_.table(Table::kInteractions), history_key(position).view());
    position.owner = item;
    erase(database_.table(Table::kByItem), history_key(position).view());
    --state_.interactions;
  };
  if (erased_users_.insert(user).second) {
    undo_.emplace_back([this, user] { erased_users_.erase(user); });
    StoredInteraction stored;
    const auto erase_stored = [&](std::string_view key, std::string_view value) -> Result<bool> {
      const auto position = decode_history_key(key);
      if (!position) return Status::corruption("a history holds a malformed key");
      TAMIS_RETURN_IF_ERROR(decode_interaction(value, false, &stored));
      erase_both(*position, stored.item);
      return true;
    };
    TAMIS_RETURN_IF_ERROR(each_row(database_, Table::kInteractions, user, erase_stored));
  }
  for (std::size_t i = 0; i < staged_interactions_.size(); ++i) {
    StagedInteraction& staged = staged_interactions_[i];
    if (staged.position.owner != user || staged.erased) continue;
    erase_both(staged.position, staged.item);
    staged.erased = true;
    undo_.emplace_back([this, i] { staged_interactions_[i].erased = false; });
  }
  return Status::ok();
}

Status WriteStage::erase_item_rows(DenseId item) {
  const EntityKey first = entity_key(item);
  const std::string end = prefix_end(first.view());
  std::vector<std::string> keys;
  TAMIS_RETURN_IF_ERROR(
      each_row(database_, Table::kByItem, item, [&](std::string_view key, std::string_view /*value*/) -> Result<bool> {
        keys.emplace_back(key);
        return keys.size() <= kMaxPointDeletes || end.empty();
      }));
  if (keys.size() > kMaxPointDeletes && !end.empty()) {
    const rocksdb::Status status = batch_.DeleteRange(database_.table(Table::kByItem), first.view(), end);
    return from_rocks(status, "delete the interactions of an item");
  }
  for (const std::string& key : keys) erase(database_.table(Table::kByItem), key);
  for (const StagedInteraction& staged : staged_interactions_) {
    if (staged.item != item) continue;
    HistoryPosition position = staged.position;
    position.owner = item;
    erase(database_.table(Table::kByItem), history_key(position).view());
  }
  return Status::ok();
}

}  // namespace tamis::storage
