#include "client/bulk_upload.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "client/http/problem.h"
#include "client/wire.h"

namespace tamis::client {

BulkUpload::BulkUpload(Client* client, BulkUploadOptions options) : client_(client), options_(std::move(options)) {}

BulkUpload::~BulkUpload() = default;

HttpRequest BulkUpload::head() const {
  HttpRequest request;
  request.method = "POST";
  request.target = options_.target;
  if (options_.durability) request.target += "?durability=" + std::string(durability_name(*options_.durability));
  request.content_type = options_.content_type;
  request.repeatable = options_.repeatable;
  return request;
}

Status BulkUpload::add(std::string_view line, std::uint64_t source_line) {
  if (body_.empty()) body_ = options_.preamble;
  body_.append(line).append(options_.record_end);
  source_lines_.push_back(source_line);
  if (body_.size() >= options_.request_bytes) return flush();
  if (body_.size() - sent_ < options_.chunk_bytes) return Status::ok();
  stream_pending();
  // A slow source would keep the server waiting, and the caller without acknowledgements.
  const auto age = std::chrono::steady_clock::now() - begun_;
  return age > std::chrono::milliseconds(options_.request_ms) ? flush() : Status::ok();
}

// Sends what is not sent yet. A failure only ends the streaming: flush() decides what becomes of it.
void BulkUpload::stream_pending() {
  const std::int64_t timeout_ms = client_->transport().options().request_timeout_ms;
  if (sent_ == 0 && connection_ == nullptr && !maybe_sent_) {
    auto connection = client_->transport().take_connection();
    if (!connection.is_ok()) return;
    connection_ = std::move(connection).value();
    maybe_sent_ = true;
    begun_ = std::chrono::steady_clock::now();
    streaming_ = connection_->begin_upload(head(), timeout_ms).is_ok();
  }
  if (!streaming_) return;
  const auto written = connection_->write_chunk(std::string_view(body_).substr(sent_), timeout_ms);
  streaming_ = written.is_ok() && *written;
  if (streaming_) sent_ = body_.size();
}

// The answer to the lines of body_: of the streamed request, or of a repeat in one piece.
Result<HttpResponse> BulkUpload::await_answer() {
  if (connection_ != nullptr) {
    auto answer = connection_->finish_upload(client_->transport().options().request_timeout_ms);
    client_->transport().give_back(std::move(connection_));
    const bool is_final =
        answer.is_ok() ? !is_refusal_to_retry(answer->status) : answer.status().code() != StatusCode::kUnavailable;
    if (is_final || !options_.repeatable) return answer;
    sleep_ms(client_->transport().options().retry.base_backoff_ms);
  }
  HttpRequest request = head();
  request.body = body_;
  return client_->transport().send(request);
}

Status BulkUpload::flush() {
  if (body_.empty()) return Status::ok();
  if (sent_ < body_.size()) stream_pending();
  auto answer = await_answer();
  const std::size_t lines = source_lines_.size();
  Status status = answer.is_ok() ? take_answer(*answer) : answer.status();
  if (!status.is_ok()) {
    const std::string range = "lines " + std::to_string(source_lines_.front()) + " to " +
                              std::to_string(source_lines_.back()) + " (" + std::to_string(lines) +
                              " records) were not acknowledged";
    return std::move(status).with_context(range);
  }
  body_.clear();
  source_lines_.clear();
  sent_ = 0;
  streaming_ = maybe_sent_ = false;
  return Status::ok();
}

Status BulkUpload::take_answer(const HttpResponse& response) {
  if (!response.is_success()) return problem_status(response);
  TAMIS_ASSIGN_OR_RETURN(const nlohmann::json document, parse_answer(response.body));
  TAMIS_ASSIGN_OR_RETURN(BulkResult part, decode_ack(document));
  const std::uint64_t lines = source_lines_.size();
  total_.accepted += part.accepted;
  total_.duplicates += part.duplicates;
  // The list of errors may be cut short; the lines that are neither stored nor known are what was refused.
  total_.outdated += part.outdated;
  total_.ignored += part.ignored;
  const std::uint64_t stored = part.accepted + part.duplicates + part.outdated + part.ignored;
  total_.rejected += std::max<std::uint64_t>(part.rejected, stored < lines ? lines - stored : 0);
  total_.sequence = std::max(total_.sequence, part.sequence);
  for (LineError& error : part.errors) {
    if (total_.errors.size() >= options_.max_errors) break;
    if (error.line >= 1 && error.line <= lines) error.line = source_lines_[error.line - 1];
    total_.errors.push_back(std::move(error));
  }
  return Status::ok();
}

Status BulkUpload::finish() { return flush(); }

}  // namespace tamis::client
