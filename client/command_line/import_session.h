// ImportSession: one import under way: uploads, bad rows, progress, the closing report.
//
// Externally synchronised.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "client/bulk_upload.h"
#include "client/command_line/import_command.h"
#include "client/command_line/progress.h"

namespace tamis::client {

class ImportSession {
 public:
  // `client` and `options` outlive the session. `format` of the file: "csv", "ndjson", "npy", "packed".
  ImportSession(Client* client, const ImportOptions& options, std::string format);
  ~ImportSession();

  // The upload of "interactions", "items", "users" or "vectors"; made at first use.
  BulkUpload& upload(const std::string& kind);
  // For vectors in the packed format; before the first upload("vectors").
  void use_packed_vectors(std::uint32_t dim);

  // Counts a fault found before sending, a line once however many passes meet it. Not ok where it ends the import: with
  // --on-error fail, or past --max-errors.
  Status bad_row(std::uint64_t line, const Status& fault);
  // The same for faults that the server has reported since the last call.
  Status take_server_errors();

  // Between rows: draws progress; false once interrupted.
  bool keep_going(std::uint64_t rows, std::uint64_t consumed_bytes, std::uint64_t total_bytes);
  void begin_phase(const std::string& label);

  Status finish_uploads();
  // Prints what was stored and returns the exit code. `outcome`: how reading and sending ended.
  int report(const Status& outcome, std::uint64_t filtered, double seconds);

  // Whether interactions get idempotency keys here; only then are they sent again after a broken connection.
  bool derives_keys() const;
  std::uint64_t bad_rows() const { return bad_rows_; }

 private:
  void show_fault(std::uint64_t line, const std::string& detail);

  Client* const client_;
  const ImportOptions& options_;
  const std::string format_;
  std::map<std::string, std::unique_ptr<BulkUpload>> uploads_;
  std::map<std::string, std::uint64_t> rejected_seen_;
  std::map<std::string, std::size_t> errors_seen_;
  std::unique_ptr<Progress> progress_;
  std::uint64_t rows_ = 0;
  std::uint64_t packed_dim_ = 0;
  std::uint64_t bad_rows_ = 0;
  std::unordered_set<std::uint64_t> bad_lines_;  // --max-errors bounds it
  std::size_t shown_ = 0;
  bool interrupted_ = false;
};

}  // namespace tamis::client
