// StoreState: what the committing thread knows of the database without reading it: the last sequence, which entities
// and vectors exist, the spaces. Loaded at open, carried along by every commit.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>

#include "common/records.h"
#include "common/status.h"
#include "storage/key_codec.h"
#include "storage/open_database.h"
#include "storage/presence_set.h"
#include "storage/store.h"
#include "storage/value_codec.h"

namespace tamis::storage {

inline constexpr std::string_view kTotalsKey = "totals";       // in `counters`
inline constexpr std::string_view kSpaceKeyPrefix = "space/";  // in `meta`

inline Table entity_table(EntityKind kind) { return kind == EntityKind::kUser ? Table::kUsers : Table::kItems; }
inline std::size_t kind_index(EntityKind kind) { return static_cast<std::size_t>(kind); }
// Names of presence sets: "users", "items", "vectors.<space>@<n>/users".
std::string live_set_name(EntityKind kind);
std::string vector_set_name(const std::string& column_family, EntityKind kind);
std::string space_key(std::string_view name);

// A space, where its vectors are, and which of them exist. Definition and handle are immutable and read by anyone;
// `vectors` belongs to the committing thread.
struct StoredSpace {
  StoredSpace(Space definition, OpenDatabase::Family column_family);
  const Space space;
  const OpenDatabase::Family family;
  std::array<PresenceSet, 2> vectors;  // by EntityKind
};
using SpaceMap = std::map<std::string, std::shared_ptr<StoredSpace>, std::less<>>;

struct StoreState {
  StoreState();
  Sequence last_sequence = 0;
  std::uint64_t interactions = 0;
  std::array<PresenceSet, 2> live;         // by EntityKind
  std::shared_ptr<const SpaceMap> spaces;  // never null; replaced, not changed
  bool has_raw_keys = false;               // `idempotency` holds keys as format 2 wrote them

  StoreCounts counts() const;
};

// 1 for an empty log.
Result<Sequence> oldest_log_sequence(const OpenDatabase& database);
// 0 for an empty log.
Result<Sequence> last_log_sequence(const OpenDatabase& database);

// corruption where the tables contradict each other: totals that name another sequence than the log ends with, a space
// without its column family. Drops column families that no space owns, where `database` may be written.
Result<StoreState> load_state(OpenDatabase* database, bool read_only);

// Whether `idempotency` holds keys as format 2 wrote them.
Result<bool> has_raw_keys(const OpenDatabase& database);

Status load_departed_users(const OpenDatabase& database, DepartedUsers* departed);

// Calls `visit` with every name of `space` in the order of its number; empty where the number has lost its name.
// corruption where a number is skipped.
Status load_ids(const OpenDatabase& database, IdSpace space, const std::function<Status(std::string_view)>& visit);

}  // namespace tamis::storage
