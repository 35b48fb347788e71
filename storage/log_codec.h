// Log records: one stored mutation each, self-contained (external ids, type names), so that the log alone rebuilds
// every table and index, here or on another node. docs/storage_format.md has the grammar.
#pragma once

#include <string>
#include <string_view>

#include "common/records.h"
#include "common/status.h"

namespace tamis::storage {

// Appends the record. REQUIRES: mutation is not a PatchEntity (it is recorded as the PutEntity that it amounts to).
void encode_log_record(TimestampMs committed_ms, const Mutation& mutation, std::string* out);

// corruption for anything but the one encoding of a record.
Status decode_log_record(std::string_view value, TimestampMs* committed_ms, Mutation* mutation);

}  // namespace tamis::storage
