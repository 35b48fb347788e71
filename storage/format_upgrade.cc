#include "storage/format_upgrade.h"

#include <memory>

#include "storage/key_codec.h"
#include "storage/presence_set.h"
#include "storage/rocks_status.h"
#include "storage/store_state.h"
#include "storage/value_codec.h"

namespace tamis::storage {
namespace {

// Calls `visit` with each key of the family.
template <typename Visit>
Status each_key(const OpenDatabase& database, rocksdb::ColumnFamilyHandle* family, Visit visit) {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> row(database.db()->NewIterator(options, family));
  for (row->SeekToFirst(); row->Valid(); row->Next()) visit(row->key().ToStringView());
  return from_rocks(row->status(), "count " + family->GetName());
}

Status put_blocks(const OpenDatabase& database, PresenceSet* set, rocksdb::WriteBatch* batch) {
  for (const std::uint32_t block : set->take_dirty_blocks()) {
    std::string value;
    set->encode_block(block, &value);
    const rocksdb::Status put = batch->Put(database.table(Table::kCounters), presence_key(set->name(), block), value);
    TAMIS_RETURN_IF_ERROR(from_rocks(put, "count " + set->name()));
  }
  return Status::ok();
}

}  // namespace

Status upgrade_from_1(const OpenDatabase& database, rocksdb::WriteBatch* batch) {
  for (const EntityKind kind : {EntityKind::kUser, EntityKind::kItem}) {
    PresenceSet live(live_set_name(kind));
    TAMIS_RETURN_IF_ERROR(each_key(database, database.table(entity_table(kind)), [&](std::string_view key) {
      if (const auto id = decode_entity_key(key)) live.set(*id, true);
    }));
    TAMIS_RETURN_IF_ERROR(put_blocks(database, &live, batch));
    for (const auto& [name, family] : database.vector_families()) {
      PresenceSet vectors(vector_set_name(name, kind));
      TAMIS_RETURN_IF_ERROR(each_key(database, family.get(), [&](std::string_view key) {
        if (const auto id = decode_vector_key(kind, key)) vectors.set(*id, true);
      }));
      TAMIS_RETURN_IF_ERROR(put_blocks(database, &vectors, batch));
    }
  }
  Totals totals;
  TAMIS_RETURN_IF_ERROR(
      each_key(database, database.table(Table::kInteractions), [&](std::string_view) { ++totals.interactions; }));
  TAMIS_ASSIGN_OR_RETURN(totals.sequence, last_log_sequence(database));
  std::string value;
  encode_totals(totals, &value);
  return from_rocks(batch->Put(database.table(Table::kCounters), kTotalsKey, value), "count interactions");
}

}  // namespace tamis::storage
