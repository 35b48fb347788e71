#include "embeddings/embeddings_call.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "common/clock.h"
#include "embeddings/vector_cache.h"

namespace tamis::embeddings {
namespace {

using nlohmann::json;

constexpr std::size_t kExcerptBytes = 300;
constexpr std::uint64_t kMaxAnswerBytes = 256ull << 20;

Status nonsense(const std::string& what) {
  return Status::internal("the embeddings endpoint's answer is not what was asked for: " + what);
}

bool is_transient(unsigned status) { return status == 408 || status == 429 || status >= 500; }

Status read_row(const json& entry, std::size_t count, std::vector<std::vector<float>>* rows) {
  if (!entry.is_object() || !entry.contains("index") || !entry["index"].is_number_unsigned())
    return nonsense("a row has no \"index\"");
  const auto index = entry["index"].get<std::uint64_t>();
  if (index >= count)
    return nonsense("a row has index " + std::to_string(index) + " of " + std::to_string(count) + " texts");
  std::vector<float>& row = (*rows)[index];
  if (!row.empty()) return nonsense("index " + std::to_string(index) + " comes twice");
  const json& values = entry.contains("embedding") ? entry["embedding"] : json();
  if (!values.is_array() || values.empty() || values.size() > kMaxDim)
    return nonsense("row " + std::to_string(index) + " has no \"embedding\" of 1 to 4096 numbers");
  row.reserve(values.size());
  for (const json& value : values) {
    const float number = value.is_number() ? static_cast<float>(value.get<double>()) : NAN;
    if (!std::isfinite(number))
      return nonsense("row " + std::to_string(index) + " holds what is no finite number at " +
                      std::to_string(row.size()));
    row.push_back(number);
  }
  return Status::ok();
}

}  // namespace

std::string embeddings_request_json(const EndpointSettings& settings, std::span<const std::string> texts) {
  json body = {{"model", settings.model}, {"input", json::array()}};
  for (const std::string& text : texts) body["input"].push_back(text);
  if (settings.dimensions > 0) body["dimensions"] = settings.dimensions;
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<std::vector<std::vector<float>>> parse_embeddings(std::string_view body, std::size_t count,
                                                         std::uint32_t dimensions) {
  const json answer = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (answer.is_discarded()) return nonsense("it is no JSON");
  if (!answer.is_object() || !answer.contains("data") || !answer["data"].is_array())
    return nonsense("it has no list \"data\"");
  const json& data = answer["data"];
  if (data.size() != count)
    return nonsense(std::to_string(data.size()) + " rows for " + std::to_string(count) + " texts");
  std::vector<std::vector<float>> rows(count);
  for (const json& entry : data) TAMIS_RETURN_IF_ERROR(read_row(entry, count, &rows));
  const std::size_t expected = dimensions > 0 ? dimensions : (rows.empty() ? 0 : rows[0].size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i].size() != expected)
      return nonsense("row " + std::to_string(i) + " has " + std::to_string(rows[i].size()) + " numbers, expected " +
                      std::to_string(expected));
  }
  return rows;
}

Result<std::unique_ptr<EmbeddingsCall>> EmbeddingsCall::create(const EndpointSettings& settings) {
  TAMIS_ASSIGN_OR_RETURN(client::Endpoint endpoint, client::parse_endpoint(settings.url));
  client::TransportOptions options;
  options.connection.connect_timeout_ms = std::min<std::int64_t>(settings.timeout_ms, 10'000);
  options.connection.max_response_bytes = kMaxAnswerBytes;
  options.connection.ca_file = settings.ca_file;
  if (!settings.api_key.empty()) options.connection.authorization = "Bearer " + settings.api_key;
  options.retry.max_attempts = settings.attempts;
  options.retry.max_retry_after_ms = settings.max_retry_after_ms;
  options.request_timeout_ms = settings.timeout_ms;
  options.max_idle_connections = settings.concurrency;
  return std::unique_ptr<EmbeddingsCall>(new EmbeddingsCall(std::move(endpoint), std::move(options), settings));
}

EmbeddingsCall::EmbeddingsCall(client::Endpoint endpoint, client::TransportOptions options,
                               const EndpointSettings& settings)
    : settings_(settings), transport_(std::move(endpoint), std::move(options)) {}

std::string EmbeddingsCall::excerpt(std::string_view body) const {
  const std::string& key = settings_.api_key;
  std::string text;
  while (!body.empty() && text.size() < kExcerptBytes) {
    const bool is_key = !key.empty() && body.starts_with(key);
    if (is_key) {
      text += "***";
    } else {
      text += static_cast<unsigned char>(body.front()) < ' ' ? ' ' : body.front();
    }
    body.remove_prefix(is_key ? key.size() : 1);
  }
  return text;
}

Result<std::vector<std::vector<float>>> EmbeddingsCall::embed(std::span<const std::string> texts) {
  const client::HttpRequest request{.method = "POST",
                                    .target = "/v1/embeddings",
                                    .body = embeddings_request_json(settings_, texts),
                                    .headers = {},
                                    .repeatable = true};
  const std::string& label = transport_.endpoint().label;
  client::Backoff waits = transport_.backoff();
  for (;;) {
    waits.count_attempt();
    Status failure;
    std::string retry_after;
    Result<client::HttpResponse> response = Status::internal("no attempt was made");
    if (auto connection = transport_.take_connection(); connection.is_ok()) {
      response = (*connection)->exchange(request, settings_.timeout_ms);
      if (response.is_ok()) transport_.give_back(std::move(connection).value());
    } else {
      response = connection.status();
    }
    if (!response.is_ok()) {
      if (response.status().code() != StatusCode::kUnavailable)
        return Status(response.status()).with_context("embeddings endpoint " + label);
      failure = Status(response.status()).with_context("embeddings endpoint " + label);
    } else if (response->is_success()) {
      return parse_embeddings(response->body, texts.size(), settings_.dimensions);
    } else {
      const std::string told = "the embeddings endpoint " + label + " answered " + std::to_string(response->status) +
                               ": " + excerpt(response->body);
      if (!is_transient(response->status)) return Status::invalid_argument(told);
      failure = Status::unavailable(told + " (tried " + std::to_string(waits.attempts()) + " times)");
      retry_after = response->retry_after;
    }
    if (!waits.has_attempts_left()) return failure;
    client::sleep_ms(waits.next_wait_ms(retry_after, Clock::system().now_ms()));
  }
}

}  // namespace tamis::embeddings
