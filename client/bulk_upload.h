// BulkUpload: any number of NDJSON lines, or packed vectors, to the server at constant memory.
//
// Lines stream out in chunks as they come; after `request_bytes` the request is ended, acknowledged and the next one
// begun. A request's lines are kept until its acknowledgement, so that a broken connection, a 429 or a 503 costs a
// repeat and nothing else where the lines are repeatable. Externally synchronised.
//
// Errors: the server's refusal of a whole request (507, 401, ...), or unavailable once the retries are spent. Bad lines
// are no error: they are counted and reported under the numbers that the caller gave. After an error the upload is
// over; acknowledged() tells what is safe.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/client.h"

namespace tamis::client {

struct BulkUploadOptions {
  std::string target = {};  // "/v1/interactions"
  bool repeatable = true;   // false for interactions without idempotency keys
  std::string content_type = "application/x-ndjson";
  std::string preamble = {};  // what every request's body begins with: a packed stream's header
  std::string record_end = "\n";
  std::size_t request_bytes = 4ull << 20;  // memory per upload
  std::int64_t request_ms = 2'000;         // a request that has run so long is ended with the next chunk
  std::size_t chunk_bytes = 64ull << 10;
  std::size_t max_errors = 100;  // kept in the result; all are counted
  std::optional<Durability> durability = {};
};

class BulkUpload {
 public:
  // `client` outlives the upload.
  BulkUpload(Client* client, BulkUploadOptions options);
  ~BulkUpload();

  // One record without its end: a JSON document on one line. `source_line` is what errors call it by.
  Status add(std::string_view line, std::uint64_t source_line);
  // Waits for the last acknowledgement.
  Status finish();
  // What the server has acknowledged so far.
  const BulkResult& acknowledged() const { return total_; }

 private:
  void stream_pending();
  Status flush();
  Result<HttpResponse> await_answer();
  HttpRequest head() const;
  Status take_answer(const HttpResponse& response);

  Client* const client_;
  const BulkUploadOptions options_;
  std::unique_ptr<Connection> connection_;  // of the running request
  bool streaming_ = false;                  // the running request has begun and nothing has failed
  bool maybe_sent_ = false;                 // bytes of the running request may have reached the server
  std::string body_;                        // lines since the last acknowledgement
  std::size_t sent_ = 0;                    // of body_
  std::vector<std::uint64_t> source_lines_;
  std::chrono::steady_clock::time_point begun_;  // of the running request
  BulkResult total_;
};

}  // namespace tamis::client
