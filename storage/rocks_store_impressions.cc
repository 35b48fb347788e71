// RocksStore, continued: served lists and what came of them.
#include <limits>

#include "storage/impression_codec.h"
#include "storage/rocks_status.h"
#include "storage/rocks_store.h"
#include "storage/table_scan.h"

namespace tamis::storage {

Status RocksStore::write_impressions(const ImpressionBatch& batch) {
  TAMIS_RETURN_IF_ERROR(writable_now());
  if (below_watermark()) return Status::resource_exhausted("free disk space is low; impressions are not logged");
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  rocksdb::ColumnFamilyHandle* family = pinned.database->table(Table::kImpressions);
  rocksdb::WriteBatch rows;
  std::string value;
  for (const Impression& impression : batch.impressions) {
    value.clear();
    encode_impression(impression, &value);
    rows.Put(family, impression_key(impression.served_ms, impression.recommendation_id), value);
  }
  for (const OutcomeRow& row : batch.outcomes) {
    value.clear();
    encode_outcome(row.outcome, &value);
    rows.Put(family, impression_key(row.served_ms, row.recommendation_id, row.outcome.interaction), value);
  }
  if (batch.attributed_through != 0) {
    value.clear();
    encode_attribution_mark(batch.attributed_through, &value);
    rows.Put(family, attribution_mark_key(), value);
  }
  if (rows.Count() == 0) return Status::ok();
  return pinned.database->write(&rows, Durability::kNone, "write impressions");
}

Status RocksStore::scan_impressions(
    TimestampMs from_ms, TimestampMs to_ms,
    const std::function<bool(const Impression&, std::span<const Outcome>)>& visit) const {
  if (from_ms >= to_ms) return Status::ok();
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  rocksdb::ColumnFamilyHandle* family = pinned.database->table(Table::kImpressions);
  Impression list;
  std::vector<Outcome> outcomes;
  bool has_list = false;
  bool goes_on = true;
  const auto hand_over = [&] {
    if (has_list) goes_on = visit(list, outcomes);
    has_list = false;
    outcomes.clear();
    return goes_on;
  };
  const auto take_row = [&](std::string_view key, std::string_view value) -> Result<bool> {
    const auto position = decode_impression_key(key);
    if (!position) return Status::corruption("the table impressions holds a malformed key");
    if (position->interaction == 0) {
      if (!hand_over()) return false;
      list.served_ms = position->served_ms;
      list.recommendation_id = position->recommendation_id;
      TAMIS_RETURN_IF_ERROR(decode_impression(value, &list));
      has_list = true;
      return true;
    }
    if (!has_list || list.served_ms != position->served_ms || list.recommendation_id != position->recommendation_id)
      return true;  // its list was lost
    Outcome& outcome = outcomes.emplace_back();
    outcome.interaction = position->interaction;
    TAMIS_RETURN_IF_ERROR(decode_outcome(value, &outcome));
    if (outcome.slot >= list.slots.size()) return Status::corruption("an outcome names a slot that was not served");
    return true;
  };
  TAMIS_RETURN_IF_ERROR(
      scan(*pinned.database, family, impression_time_key(from_ms), impression_time_key(to_ms), take_row));
  if (goes_on) hand_over();
  return Status::ok();
}

Status RocksStore::remove_impressions(std::span<const ImpressionRow> rows) {
  TAMIS_RETURN_IF_ERROR(writable_now());
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  rocksdb::WriteBatch batch;
  for (const ImpressionRow& row : rows) {
    batch.Delete(pinned.database->table(Table::kImpressions),
                 impression_key(row.served_ms, row.recommendation_id, row.interaction));
  }
  return pinned.database->write(&batch, Durability::kNone, "remove impressions");
}

Status RocksStore::prune_impressions(TimestampMs before_ms) {
  TAMIS_RETURN_IF_ERROR(writable_now());
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  // From the oldest list there is, so that the ranges of repeated calls do not overlap.
  std::string first;
  TAMIS_RETURN_IF_ERROR(scan(*pinned.database, pinned.database->table(Table::kImpressions),
                             impression_time_key(std::numeric_limits<TimestampMs>::min()),
                             impression_time_key(before_ms),
                             [&](std::string_view key, std::string_view) -> Result<bool> {
                               first = key;
                               return false;
                             }));
  if (first.empty()) return Status::ok();
  rocksdb::WriteBatch range;
  range.DeleteRange(pinned.database->table(Table::kImpressions), first, impression_time_key(before_ms));
  return pinned.database->write(&range, Durability::kNone, "prune impressions");
}

Result<Sequence> RocksStore::attributed_through() const {
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = pinned.database->db()->Get(
      rocksdb::ReadOptions(), pinned.database->table(Table::kImpressions), attribution_mark_key(), &value);
  if (status.IsNotFound()) return Sequence{0};
  TAMIS_RETURN_IF_ERROR(from_rocks(status, "read the attribution mark"));
  Sequence through = 0;
  TAMIS_RETURN_IF_ERROR(decode_attribution_mark(value.ToStringView(), &through));
  return through;
}

}  // namespace tamis::storage
