#include "client/command_line/import_session.h"

#include <cstdio>

#include "client/command_line/table.h"
#include "client/commands.h"
#include "client/import/vector_file.h"
#include "client/wire.h"

namespace tamis::client {

ImportSession::ImportSession(Client* client, const ImportOptions& options, std::string format)
    : client_(client), options_(options), format_(std::move(format)) {}

ImportSession::~ImportSession() = default;

bool ImportSession::derives_keys() const {
  return options_.idempotency == "row" || (options_.idempotency == "auto" && format_ == "csv");
}

void ImportSession::use_packed_vectors(std::uint32_t dim) { packed_dim_ = dim; }

BulkUpload& ImportSession::upload(const std::string& kind) {
  auto& upload = uploads_[kind];
  if (upload != nullptr) return *upload;
  BulkUploadOptions settings;
  settings.target = kind == "vectors" ? "/v1/spaces/" + percent_encode(options_.space) + "/vectors" : "/v1/" + kind;
  settings.max_errors = std::max<std::size_t>(options_.show_errors, 1);
  if (kind == "interactions") settings.repeatable = derives_keys();
  if (kind == "vectors" && packed_dim_ > 0) {
    settings.content_type = kPackedVectorsType;
    settings.preamble = packed_header(static_cast<std::uint32_t>(packed_dim_));
    settings.record_end.clear();
  }
  if (const auto durability = parse_durability(options_.durability); durability.is_ok()) {
    settings.durability = *durability;
  }
  upload = std::make_unique<BulkUpload>(client_, settings);
  return *upload;
}

void ImportSession::show_fault(std::uint64_t line, const std::string& detail) {
  if (shown_ == options_.show_errors) {
    std::fprintf(stderr, "tamis: further bad rows are only counted (--show-errors)\n");
  }
  if (shown_++ >= options_.show_errors) return;
  std::fprintf(stderr, "tamis: line %llu: %s\n", static_cast<unsigned long long>(line), detail.c_str());
}

Status ImportSession::bad_row(std::uint64_t line, const Status& fault) {
  if (!bad_lines_.insert(line).second) return Status::ok();
  ++bad_rows_;
  const std::string field = fault.field().empty() ? "" : fault.field() + ": ";
  show_fault(line, field + fault.message());
  if (options_.on_error == "fail") {
    return Status::invalid_argument("line " + std::to_string(line) + " is bad, and --on-error is fail");
  }
  if (bad_rows_ > options_.max_errors) {
    return Status::invalid_argument("more than " + std::to_string(options_.max_errors) +
                                    " rows are bad (--max-errors)");
  }
  return Status::ok();
}

Status ImportSession::take_server_errors() {
  for (const auto& [kind, upload] : uploads_) {
    const BulkResult& result = upload->acknowledged();
    std::uint64_t& seen = rejected_seen_[kind];
    if (result.rejected == seen) continue;
    std::size_t& listed = errors_seen_[kind];
    for (; listed < result.errors.size(); ++listed)
      show_fault(result.errors[listed].line, result.errors[listed].detail);
    bad_rows_ += result.rejected - seen;
    seen = result.rejected;
    if (options_.on_error == "fail") {
      return Status::invalid_argument("the server refused rows of " + kind + ", and --on-error is fail");
    }
    if (bad_rows_ > options_.max_errors) {
      return Status::invalid_argument("more than " + std::to_string(options_.max_errors) +
                                      " rows are bad (--max-errors)");
    }
  }
  return Status::ok();
}

void ImportSession::begin_phase(const std::string& label) {
  if (progress_ != nullptr) progress_->finish(rows_);
  progress_ = std::make_unique<Progress>(label, "rows", progress_on_stderr(options_.remote.quiet));
  rows_ = 0;
}

bool ImportSession::keep_going(std::uint64_t rows, std::uint64_t consumed_bytes, std::uint64_t total_bytes) {
  rows_ = rows;
  if (InterruptGuard::is_interrupted()) {
    interrupted_ = true;
    return false;
  }
  if (progress_ != nullptr && rows % 256 == 0) {
    const double fraction =
        total_bytes == 0 ? -1 : static_cast<double>(consumed_bytes) / static_cast<double>(total_bytes);
    progress_->update(rows, fraction, bad_rows_ == 0 ? "" : with_thousands(bad_rows_) + " bad");
  }
  return true;
}

Status ImportSession::finish_uploads() {
  for (const auto& [kind, upload] : uploads_) {
    Status status = upload->finish();
    if (!status.is_ok()) return std::move(status).with_context(kind);
  }
  return take_server_errors();
}

int ImportSession::report(const Status& outcome, std::uint64_t filtered, double seconds) {
  if (progress_ != nullptr && outcome.is_ok()) progress_->finish(rows_);
  progress_.reset();
  std::uint64_t accepted = 0;
  std::uint64_t duplicates = 0;
  Sequence sequence = 0;
  std::string parts;
  for (const auto& [kind, upload] : uploads_) {
    const BulkResult& result = upload->acknowledged();
    accepted += result.accepted;
    duplicates += result.duplicates;
    sequence = std::max(sequence, result.sequence);
    parts += (parts.empty() ? "" : ",") + quote_json(kind) + ":" + std::to_string(result.accepted);
    if (!options_.remote.is_json()) std::printf("%-13s %s\n", kind.c_str(), with_thousands(result.accepted).c_str());
  }
  if (options_.remote.is_json()) {
    std::printf(
        "{\"accepted\":%llu,\"by_kind\":{%s},\"duplicates\":%llu,\"bad\":%llu,\"filtered\":%llu,"
        "\"sequence\":%llu,\"seconds\":%.3f}\n",
        static_cast<unsigned long long>(accepted), parts.c_str(), static_cast<unsigned long long>(duplicates),
        static_cast<unsigned long long>(bad_rows_), static_cast<unsigned long long>(filtered),
        static_cast<unsigned long long>(sequence), seconds);
  } else {
    if (duplicates > 0) std::printf("%-13s %s (stored before)\n", "duplicates", with_thousands(duplicates).c_str());
    if (filtered > 0) std::printf("%-13s %s (left out by `where`)\n", "filtered", with_thousands(filtered).c_str());
    if (bad_rows_ > 0) std::printf("%-13s %s (skipped)\n", "bad", with_thousands(bad_rows_).c_str());
    std::printf("%-13s %llu\n", "sequence", static_cast<unsigned long long>(sequence));
  }
  if (!outcome.is_ok()) {
    const int code = report_failure("import", outcome);
    std::fprintf(stderr, "tamis: what is counted above is stored\n");
    return code;
  }
  if (interrupted_) {
    std::fprintf(stderr, "tamis: import: interrupted; what is counted above is stored\n");
    return kExitInterrupted;
  }
  if (bad_rows_ > 0 && accepted + duplicates == 0) {
    std::fprintf(stderr, "tamis: import: every row is bad\n");
    return kExitFailed;
  }
  return kExitOk;
}

}  // namespace tamis::client
