#include "storage/store_state.h"

#include <vector>

#include "storage/rocks_status.h"
#include "storage/table_scan.h"

namespace tamis::storage {
namespace {

using RowIterator = std::unique_ptr<rocksdb::Iterator>;

Result<Totals> load_totals(const OpenDatabase& database) {
  Totals totals;
  std::string value;
  const rocksdb::Status status =
      database.db()->Get(rocksdb::ReadOptions(), database.table(Table::kCounters), kTotalsKey, &value);
  if (status.IsNotFound()) return totals;
  TAMIS_RETURN_IF_ERROR(from_rocks(status, "read totals"));
  TAMIS_RETURN_IF_ERROR(decode_totals(value, &totals));
  return totals;
}

Result<std::shared_ptr<const SpaceMap>> load_spaces(OpenDatabase* database, bool read_only) {
  auto spaces = std::make_shared<SpaceMap>();
  std::set<std::string> owned;
  const RowIterator row(database->db()->NewIterator(rocksdb::ReadOptions(), database->table(Table::kMeta)));
  for (row->Seek(kSpaceKeyPrefix); row->Valid() && row->key().starts_with(kSpaceKeyPrefix); row->Next()) {
    SpaceRow stored;
    TAMIS_RETURN_IF_ERROR(decode_space_row(row->value().ToStringView(), &stored));
    const auto family = database->vector_families().find(stored.column_family);
    if (family == database->vector_families().end()) {
      return Status::corruption("the vectors of space " + stored.space.name + " are missing (" + stored.column_family +
                                ")");
    }
    owned.insert(stored.column_family);
    const std::string name = stored.space.name;
    (*spaces)[name] = std::make_shared<StoredSpace>(std::move(stored.space), family->second);
  }
  TAMIS_RETURN_IF_ERROR(from_rocks(row->status(), "read spaces"));

  // Left by a crash between the batch and the creation or the drop of a column family.
  std::vector<std::string> orphans;
  for (const auto& [name, family] : database->vector_families()) {
    if (!owned.contains(name)) orphans.push_back(name);
  }
  if (!read_only) {
    for (const std::string& orphan : orphans) TAMIS_RETURN_IF_ERROR(database->drop_vector_family(orphan));
  }
  return std::shared_ptr<const SpaceMap>(std::move(spaces));
}

Status load_presence(const OpenDatabase& database, StoreState* state) {
  std::map<std::string, PresenceSet*> sets;
  for (PresenceSet& set : state->live) sets.emplace(set.name(), &set);
  for (const auto& [name, space] : *state->spaces) {
    for (PresenceSet& set : space->vectors) sets.emplace(set.name(), &set);
  }
  const RowIterator row(database.db()->NewIterator(rocksdb::ReadOptions(), database.table(Table::kCounters)));
  for (row->SeekToFirst(); row->Valid(); row->Next()) {
    if (row->key() == kTotalsKey) continue;
    const auto position = decode_presence_key(row->key().ToStringView());
    const auto set = position ? sets.find(position->set) : sets.end();
    if (set == sets.end()) return Status::corruption("the counters hold a row of an unknown set");
    TAMIS_RETURN_IF_ERROR(set->second->load_block(position->block, row->value().ToStringView()));
  }
  return from_rocks(row->status(), "read counters");
}

}  // namespace

Result<bool> has_raw_keys(const OpenDatabase& database) {
  const RowIterator row(database.db()->NewIterator(rocksdb::ReadOptions(), database.table(Table::kIdempotency)));
  row->SeekToLast();
  TAMIS_RETURN_IF_ERROR(from_rocks(row->status(), "read idempotency keys"));
  return row->Valid() && !row->key().starts_with(std::string_view("\0", 1));
}

std::string live_set_name(EntityKind kind) { return kind == EntityKind::kUser ? "users" : "items"; }

std::string vector_set_name(const std::string& column_family, EntityKind kind) {
  return column_family + "/" + live_set_name(kind);
}

std::string space_key(std::string_view name) { return std::string(kSpaceKeyPrefix).append(name); }

StoredSpace::StoredSpace(Space definition, OpenDatabase::Family column_family)
    : space(std::move(definition)),
      family(std::move(column_family)),
      vectors{PresenceSet(vector_set_name(family->GetName(), EntityKind::kUser)),
              PresenceSet(vector_set_name(family->GetName(), EntityKind::kItem))} {}

StoreState::StoreState()
    : live{PresenceSet(live_set_name(EntityKind::kUser)), PresenceSet(live_set_name(EntityKind::kItem))},
      spaces(std::make_shared<SpaceMap>()) {}

StoreCounts StoreState::counts() const {
  StoreCounts counts{.users = live[kind_index(EntityKind::kUser)].count(),
                     .items = live[kind_index(EntityKind::kItem)].count(),
                     .interactions = interactions,
                     .vectors = {}};
  for (const auto& [name, space] : *spaces) {
    counts.vectors[name] = space->vectors[0].count() + space->vectors[1].count();
  }
  return counts;
}

Result<Sequence> oldest_log_sequence(const OpenDatabase& database) {
  const RowIterator row(database.db()->NewIterator(rocksdb::ReadOptions(), database.table(Table::kLog)));
  row->SeekToFirst();
  TAMIS_RETURN_IF_ERROR(from_rocks(row->status(), "read the log"));
  if (!row->Valid()) return Sequence{1};
  const auto sequence = decode_log_key(row->key().ToStringView());
  if (!sequence) return Status::corruption("the log holds a malformed key");
  return *sequence;
}

Result<Sequence> last_log_sequence(const OpenDatabase& database) {
  const RowIterator row(database.db()->NewIterator(rocksdb::ReadOptions(), database.table(Table::kLog)));
  row->SeekToLast();
  TAMIS_RETURN_IF_ERROR(from_rocks(row->status(), "read the log"));
  if (!row->Valid()) return Sequence{0};
  const auto sequence = decode_log_key(row->key().ToStringView());
  if (!sequence) return Status::corruption("the log holds a malformed key");
  return *sequence;
}

Result<StoreState> load_state(OpenDatabase* database, bool read_only) {
  StoreState state;
  TAMIS_ASSIGN_OR_RETURN(state.last_sequence, last_log_sequence(*database));
  TAMIS_ASSIGN_OR_RETURN(const Totals totals, load_totals(*database));
  if (totals.sequence != state.last_sequence) {
    return Status::corruption("the log ends with sequence " + std::to_string(state.last_sequence) +
                              " but the counters reflect " + std::to_string(totals.sequence));
  }
  state.interactions = totals.interactions;
  TAMIS_ASSIGN_OR_RETURN(state.spaces, load_spaces(database, read_only));
  TAMIS_ASSIGN_OR_RETURN(state.has_raw_keys, has_raw_keys(*database));
  TAMIS_RETURN_IF_ERROR(load_presence(*database, &state));
  return state;
}

Status load_departed_users(const OpenDatabase& database, DepartedUsers* departed) {
  departed->clear();
  const RowIterator row(database.db()->NewIterator(rocksdb::ReadOptions(), database.table(Table::kMeta)));
  for (row->Seek(kDepartedKeyPrefix); row->Valid() && row->key().starts_with(kDepartedKeyPrefix); row->Next()) {
    const auto user = decode_departed_key(row->key().ToStringView());
    if (!user) return Status::corruption("the table meta holds a malformed key");
    DepartedUser stored;
    TAMIS_RETURN_IF_ERROR(decode_departed_user(row->value().ToStringView(), &stored));
    stored.user = *user;
    departed->put(std::move(stored));
  }
  return from_rocks(row->status(), "read departed users");
}

Status load_ids(const OpenDatabase& database, IdSpace space, const std::function<Status(std::string_view)>& visit) {
  std::uint32_t expected = 0;
  return scan(database, database.table(Table::kIds), id_key(space, 0).view(), {},
              [&](std::string_view found, std::string_view name) -> Result<bool> {
                const auto key = decode_id_key(found);
                if (!key) return Status::corruption("the table of ids holds a malformed key");
                if (key->space != space) return false;
                if (key->id != expected) {
                  return Status::corruption("the table of ids skips from " + std::to_string(expected) + " to " +
                                            std::to_string(key->id));
                }
                ++expected;
                TAMIS_RETURN_IF_ERROR(visit(name));
                return true;
              });
}

}  // namespace tamis::storage
