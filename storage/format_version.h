// The version of the on-disk format, its check and its upgrades. docs/storage_format.md keeps the list of versions.
#pragma once

#include <string>

#include "common/status.h"
#include "storage/open_database.h"

namespace tamis::storage {

// 1: no `counters`. 2: totals and presence blocks are stored with every commit. 3: values and records of version 2.
// 4: versions of the writers, of entities and vectors.
inline constexpr std::uint64_t kFormatVersion = 4;
inline constexpr std::string_view kFormatVersionKey = "format_version";

// Looks at `dir` without changing it. failed_precondition, naming both versions, where it was written by a newer
// build, or where it is older and `read_only` forbids the upgrade; corruption where tables are missing.
Status check_format(const std::string& dir, const RocksResources& resources, bool read_only);

// Brings an opened database to kFormatVersion: writes the version into a new one, upgrades an older one. Each upgrade
// is one synced batch together with its version, so a crash leaves either format whole.
Status settle_format(OpenDatabase* database);

}  // namespace tamis::storage
