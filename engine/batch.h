// Batches: lists for all or many, made in the background and written to a file. Plain data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/filter.h"
#include "common/status.h"
#include "engine/requests.h"

namespace tamis {

struct BatchRequest {
  std::string kind = "recommendations";  // one list for each user, or "similar_items": one for each item
  std::string format = "ndjson";         // or "csv"
  std::uint32_t k = 10;                  // 1..kMaxK
  std::string funnel = "default";        // of recommendations
  std::string space = {};                // of similar_items, as SimilarRequest's
  Filter segment = {};                   // which users, or which items, get a list
  Filter filter = {};                    // which items may be in one
  std::optional<bool> exclude_seen = {};
  bool log = true;            // recommendations are logged as served, so that what follows is attributed to them
  double max_per_second = 0;  // lists; 0: as fast as queries let it; at most 1e6
};

struct Batch {
  std::string id;  // "b3"; also of its job
  BatchRequest request;
  std::string state;  // "queued", "running", "succeeded", "failed", "cancelled"
  std::string detail;
  double progress = 0;          // 0..1
  std::uint64_t lists = 0;      // written
  std::uint64_t bytes = 0;      // of the file
  std::string generation;       // that made the lists; of a batch that a restart interrupted, the last
  Sequence first_sequence = 0;  // of the lists: equal where nothing was written meanwhile
  Sequence last_sequence = 0;
  std::uint32_t resumed = 0;  // restarts that it went on after
  TimestampMs created_ms = 0;
  TimestampMs finished_ms = 0;  // 0: not yet
  std::string path;             // of the file, on the server
};

// {"kind","format","k","funnel","space","segment","filter","exclude_seen","log","max_per_second"}; faults carry the
// JSON pointer.
Result<BatchRequest> parse_batch(std::string_view json);
std::string batch_request_to_json(const BatchRequest& request);

}  // namespace tamis
