// Upgrades of the on-disk format, one function each.
#pragma once

#include <rocksdb/write_batch.h>

#include "common/status.h"
#include "storage/open_database.h"

namespace tamis::storage {

// Format 1 kept no counters: counts the tables and adds totals and presence blocks to the batch.
Status upgrade_from_1(const OpenDatabase& database, rocksdb::WriteBatch* batch);

}  // namespace tamis::storage
