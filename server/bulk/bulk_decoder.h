// BulkDecoder: turns a stream of bytes, cut anywhere, into mutations, one bad record at a time.
//
// Memory is bounded by the longest record allowed, whatever the length of the stream. Externally synchronised.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/mutation_bytes.h"
#include "common/records.h"
#include "common/status.h"

namespace tamis::server {

// What was wrong with one record.
struct BulkError {
  std::uint64_t line = 0;  // of the stream, from 1; for packed vectors the number of the record
  std::string field;
  std::string detail;
};

// Decoded records in order. `lines[i]` is where mutations[i] stood.
struct BulkRecords {
  std::vector<Mutation> mutations;
  std::vector<std::uint64_t> lines;
  std::vector<BulkError> errors;  // the first kMaxErrors
  std::uint64_t error_count = 0;  // all of them
  std::uint64_t bytes = 0;        // what the mutations take in memory

  static constexpr std::size_t kMaxErrors = 100;
  void add(Mutation mutation, std::uint64_t line) {
    bytes += memory_bytes(mutation) + sizeof(line);
    mutations.push_back(std::move(mutation));
    lines.push_back(line);
  }
  void refuse(std::uint64_t line, const Status& status) {
    ++error_count;
    if (errors.size() < kMaxErrors) errors.push_back({line, status.field(), status.message()});
  }
};

class BulkDecoder {
 public:
  // Checks and completes a decoded mutation; where it fails the record is bad.
  using Check = std::function<Status(Mutation*)>;

  virtual ~BulkDecoder() = default;
  // Decodes the records that `bytes` complete. Not ok: the stream cannot go on (a record longer than allowed, a broken
  // frame); what was decoded before stands in `out`.
  virtual Status feed(std::string_view bytes, BulkRecords* out) = 0;
  // The stream has ended.
  virtual Status finish(BulkRecords* out) = 0;
};

}  // namespace tamis::server
