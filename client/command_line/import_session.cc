#include "client/command_line/import_session.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <random>

#include "client/command_line/commands.h"
#include "client/command_line/table.h"
#include "client/import/vector_file.h"
#include "client/wire.h"

namespace tamis::client {

namespace {

constexpr std::uint64_t kPreviewedRows = 10;  // of each kind, by a dry run

// "20261128-173059-3f9a1c": when the import began, and chance.
std::string new_import_id() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[64];
  std::snprintf(text, sizeof text, "%04d%02d%02d-%02d%02d%02d-%06x", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, std::random_device()() & 0xffffffu);
  return text;
}

}  // namespace

ImportSession::ImportSession(Client* client, const ImportOptions& options, std::string file, std::string format)
    : client_(client),
      options_(options),
      file_(std::move(file)),
      format_(std::move(format)),
      import_id_(options.import_id.empty() ? new_import_id() : options.import_id) {}

ImportSession::~ImportSession() = default;

// A pipe of NDJSON may go on for ever, and telling equal rows apart takes memory.
bool ImportSession::derives_keys() const {
  return options_.idempotency == "row" ||
         (options_.idempotency == "auto" && (format_ == "csv" || (format_ == "ndjson" && file_ != "standard input")));
}

RowKeys* ImportSession::start_keys() {
  if (!derives_keys()) return nullptr;
  // Nobody can tell two pipes apart, so each import is a source of its own.
  const std::string of_file = file_ == "standard input" ? import_id_ : source_name(file_);
  keys_ = std::make_unique<RowKeys>(options_.source.empty() ? of_file : options_.source);
  return keys_.get();
}

void ImportSession::use_packed_vectors(std::uint32_t dim) { packed_dim_ = dim; }

Status ImportSession::add(const std::string& kind, std::string_view record, std::uint64_t line) {
  if (options_.dry_run) {
    if (++previewed_[kind] <= kPreviewedRows && packed_dim_ == 0 && !options_.remote.is_json()) {
      std::printf("%s, line %llu: %.*s\n", kind.c_str(), static_cast<unsigned long long>(line),
                  static_cast<int>(std::min<std::size_t>(record.size(), 2'000)), record.data());
    }
    return Status::ok();
  }
  TAMIS_RETURN_IF_ERROR(upload(kind).add(record, line));
  return take_server_errors();
}

Status ImportSession::ensure_space(std::size_t dim) {
  if (options_.dry_run) return Status::ok();
  const auto existing = client_->get_space(options_.space);
  if (existing.is_ok()) {
    if (existing->dim == dim) return Status::ok();
    return Status::failed_precondition("the space " + options_.space + " has dim " + std::to_string(existing->dim) +
                                       ", the file " + std::to_string(dim));
  }
  if (existing.status().code() != StatusCode::kNotFound) return existing.status();
  Space space;
  space.name = options_.space;
  space.dim = static_cast<std::uint32_t>(dim);
  TAMIS_ASSIGN_OR_RETURN(space.metric, parse_metric(options_.metric));
  return client_->put_space(space);
}

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
  std::fprintf(stderr, "tamis: %s, line %llu: %s\n", file_.c_str(), static_cast<unsigned long long>(line),
               detail.c_str());
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

void ImportSession::print_report(const BulkResult& total, std::uint64_t filtered, double seconds) const {
  std::map<std::string, std::uint64_t> by_kind = previewed_;
  for (const auto& [kind, upload] : uploads_) by_kind[kind] = upload->acknowledged().accepted;
  std::string parts;
  for (const auto& [kind, count] : by_kind) {
    parts += (parts.empty() ? "" : ",") + quote_json(kind) + ":" + std::to_string(count);
    if (!options_.remote.is_json()) std::printf("%-13s %s\n", kind.c_str(), with_thousands(count).c_str());
  }
  if (options_.remote.is_json()) {
    std::printf(
        "{\"accepted\":%llu,\"by_kind\":{%s},\"duplicates\":%llu,\"outdated\":%llu,\"bad\":%llu,\"filtered\":%llu,"
        "\"sequence\":%llu,\"import_id\":%s,\"dry_run\":%s,\"seconds\":%.3f}\n",
        static_cast<unsigned long long>(total.accepted), parts.c_str(),
        static_cast<unsigned long long>(total.duplicates), static_cast<unsigned long long>(total.outdated),
        static_cast<unsigned long long>(bad_rows_), static_cast<unsigned long long>(filtered),
        static_cast<unsigned long long>(total.sequence), quote_json(import_id_).c_str(),
        options_.dry_run ? "true" : "false", seconds);
    return;
  }
  if (total.duplicates > 0)
    std::printf("%-13s %s (stored before)\n", "duplicates", with_thousands(total.duplicates).c_str());
  if (total.outdated > 0)
    std::printf("%-13s %s (stored in a newer version)\n", "outdated", with_thousands(total.outdated).c_str());
  if (filtered > 0) std::printf("%-13s %s (left out by `where`)\n", "filtered", with_thousands(filtered).c_str());
  if (bad_rows_ > 0) std::printf("%-13s %s (skipped)\n", "bad", with_thousands(bad_rows_).c_str());
  if (options_.dry_run) {
    std::printf("a dry run: nothing was sent\n");
    return;
  }
  std::printf("%-13s %llu\n", "sequence", static_cast<unsigned long long>(total.sequence));
  if (uploads_.contains("interactions")) {
    std::printf("%-13s %s (tamis import --undo %s takes its interactions back)\n", "import", import_id_.c_str(),
                import_id_.c_str());
  }
  if (total.duplicates > 0 && keys_ != nullptr && keys_->has_used_source()) {
    std::fprintf(stderr,
                 "tamis: rows without a time count as stored before where %s had them already; for new rows in a file "
                 "of the same name, give --source NAME\n",
                 keys_->source().c_str());
  }
}

int ImportSession::report(const Status& outcome, std::uint64_t filtered, double seconds) {
  if (progress_ != nullptr && outcome.is_ok()) progress_->finish(rows_);
  progress_.reset();
  BulkResult total;
  for (const auto& [kind, upload] : uploads_) {
    const BulkResult& result = upload->acknowledged();
    total.accepted += result.accepted;
    total.duplicates += result.duplicates;
    total.outdated += result.outdated;
    total.sequence = std::max(total.sequence, result.sequence);
  }
  print_report(total, filtered, seconds);
  const char* stored = total.accepted + total.duplicates > 0 ? "what is counted above is stored" : "nothing was stored";
  if (!outcome.is_ok()) {
    const int code = report_failure("import", outcome);
    if (!options_.dry_run) std::fprintf(stderr, "tamis: %s\n", stored);
    return code;
  }
  if (interrupted_) {
    std::fprintf(stderr, "tamis: import: interrupted; %s\n", stored);
    return kExitInterrupted;
  }
  if (bad_rows_ > 0 && total.accepted + total.duplicates + total.outdated == 0 && previewed_.empty()) {
    std::fprintf(stderr, "tamis: import: every row is bad\n");
    return kExitFailed;
  }
  return kExitOk;
}

}  // namespace tamis::client
