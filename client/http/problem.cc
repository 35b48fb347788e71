#include "client/http/problem.h"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>

namespace tamis::client {
namespace {

std::optional<StatusCode> parse_code(std::string_view name) {
  static constexpr std::array kCodes = {
      StatusCode::kNotFound,           StatusCode::kInvalidArgument,   StatusCode::kAlreadyExists,
      StatusCode::kFailedPrecondition, StatusCode::kResourceExhausted, StatusCode::kUnavailable,
      StatusCode::kCorruption,         StatusCode::kIoError,           StatusCode::kInternal};
  for (const StatusCode code : kCodes) {
    if (status_code_name(code) == name) return code;
  }
  return std::nullopt;
}

std::string text_member(const nlohmann::json& document, const char* name) {
  const auto member = document.find(name);
  return member != document.end() && member->is_string() ? member->get<std::string>() : std::string();
}

}  // namespace

StatusCode code_of_http_status(unsigned http_status) {
  switch (http_status) {
    case 401:
    case 403:
    case 412: return StatusCode::kFailedPrecondition;
    case 404: return StatusCode::kNotFound;
    case 409: return StatusCode::kAlreadyExists;
    case 408:
    case 429:
    case 502:
    case 503:
    case 504: return StatusCode::kUnavailable;
    case 507: return StatusCode::kResourceExhausted;
    default: return http_status >= 400 && http_status < 500 ? StatusCode::kInvalidArgument : StatusCode::kInternal;
  }
}

Status problem_status(const HttpResponse& response) {
  StatusCode code = code_of_http_status(response.status);
  std::string message;
  std::string field;
  const auto document = nlohmann::json::parse(response.body, nullptr, false);
  if (document.is_object()) {
    code = parse_code(text_member(document, "code")).value_or(code);
    message = text_member(document, "detail");
    if (message.empty()) message = text_member(document, "title");
    field = text_member(document, "field");
  }
  if (message.empty()) {
    message = "HTTP " + std::to_string(response.status);
    if (!document.is_object() && !response.body.empty()) message += ": " + response.body.substr(0, 200);
  }
  if (!response.request_id.empty()) message += " [request " + response.request_id + "]";
  return Status(code, std::move(message)).at_field(std::move(field));
}

}  // namespace tamis::client
