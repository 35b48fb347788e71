// WriteStage, continued: the rows that go with a deleted user or item.
#include <limits>
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

Result<std::vector<WriteStage::CurrentInteraction>> WriteStage::current_interactions(DenseId user, std::size_t limit) {
  std::vector<CurrentInteraction> rows;
  const auto add_stored = [&](std::string_view key, std::string_view value) -> Result<bool> {
    const auto position = decode_history_key(key);
    if (!position) return Status::corruption("a history holds a malformed key");
    if (!displaced_.contains(position->sequence)) rows.push_back({*position, std::string(value), kNoRecord});
    return rows.size() < limit;
  };
  if (!erased_users_.contains(user)) {
    TAMIS_RETURN_IF_ERROR(each_row(database_, Table::kInteractions, user, add_stored));
  }
  for (std::size_t i = 0; i < staged_interactions_.size() && rows.size() < limit; ++i) {
    const StagedInteraction& staged = staged_interactions_[i];
    if (staged.position.owner == user && !staged.erased) rows.push_back({staged.position, staged.row, i});
  }
  return rows;
}

Status WriteStage::erase_user_interactions(DenseId user, std::vector<StoredInteraction>* removed) {
  TAMIS_ASSIGN_OR_RETURN(const auto rows, current_interactions(user, std::numeric_limits<std::size_t>::max()));
  removed->reserve(rows.size());
  for (const CurrentInteraction& row : rows) TAMIS_RETURN_IF_ERROR(remove_interaction(row, removed));
  if (erased_users_.insert(user).second) undo_.emplace_back([this, user] { erased_users_.erase(user); });
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
    TAMIS_RETURN_IF_ERROR(from_rocks(status, "delete the interactions of an item"));
  } else {
    for (const std::string& key : keys) erase(database_.table(Table::kByItem), key);
  }
  if (erased_items_.insert(item).second) undo_.emplace_back([this, item] { erased_items_.erase(item); });
  for (std::size_t i = 0; i < staged_interactions_.size(); ++i) {
    StagedInteraction& staged = staged_interactions_[i];
    if (staged.item != item || !staged.in_item_view) continue;
    HistoryPosition position = staged.position;
    position.owner = item;
    erase(database_.table(Table::kByItem), history_key(position).view());
    staged.in_item_view = false;
    undo_.emplace_back([this, i] { staged_interactions_[i].in_item_view = true; });
  }
  return Status::ok();
}

}  // namespace tamis::storage
