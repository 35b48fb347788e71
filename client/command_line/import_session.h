// ImportSession: one import under way: uploads, bad rows, progress, the closing report.
//
// Externally synchronised.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "client/bulk_upload.h"
#include "client/command_line/import_command.h"
#include "client/command_line/progress.h"
#include "client/import/row_key.h"

namespace tamis::client {

class ImportSession {
 public:
  // `client` (null for a dry run) and `options` outlive the session. `file`: what messages call the file. `format` of
  // the file: "csv", "ndjson", "npy", "packed".
  ImportSession(Client* client, const ImportOptions& options, std::string file, std::string format);
  ~ImportSession();

  // Sends a record of "interactions", "items", "users" or "vectors", as JSON or a packed vector. A dry run only counts
  // it, and shows the first ones.
  Status add(const std::string& kind, std::string_view record, std::uint64_t line);
  // Makes the space of --space where it does not exist, so that a first import is one command. Before the first vector.
  Status ensure_space(std::size_t dim);
  // For vectors in the packed format; before the first of them.
  void use_packed_vectors(std::uint32_t dim);

  // Counts a fault found before sending, a line once however many passes meet it. Not ok where it ends the import: with
  // --on-error fail, or past --max-errors.
  Status bad_row(std::uint64_t line, const Status& fault);

  // Between rows: draws progress; false once interrupted.
  bool keep_going(std::uint64_t rows, std::uint64_t consumed_bytes, std::uint64_t total_bytes);
  void begin_phase(const std::string& label);

  Status finish_uploads();
  // Prints what was stored and returns the exit code. `outcome`: how reading and sending ended.
  int report(const Status& outcome, std::uint64_t filtered, double seconds);

  // The keys of this import's interactions; null where they get none, and then nothing is sent again after a broken
  // connection. A second pass over the file starts them anew.
  RowKeys* start_keys();
  // What this import is called: --import-id, or a new id.
  const std::string& import_id() const { return import_id_; }

 private:
  // Made at first use.
  BulkUpload& upload(const std::string& kind);
  // Counts the faults that the server has reported since the last call.
  Status take_server_errors();
  bool derives_keys() const;
  void print_report(const BulkResult& total, std::uint64_t filtered, double seconds) const;
  void show_fault(std::uint64_t line, const std::string& detail);

  Client* const client_;
  const ImportOptions& options_;
  const std::string file_;
  const std::string format_;
  const std::string import_id_;
  std::unique_ptr<RowKeys> keys_;
  std::map<std::string, std::uint64_t> previewed_;  // of a dry run: records by kind
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
