// RocksDB's status codes in ours.
#pragma once

#include <rocksdb/status.h>

#include <string_view>

#include "common/status.h"

namespace tamis::storage {

// `doing` says what was attempted: "commit", "open /var/lib/shop".
Status from_rocks(const rocksdb::Status& status, std::string_view doing);

}  // namespace tamis::storage
