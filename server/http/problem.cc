#include "server/http/problem.h"

#include <boost/beast/http/status.hpp>

#include "server/json/json_writer.h"

namespace tamis::server {
namespace {

unsigned http_status_of(StatusCode code) {
  switch (code) {
    case StatusCode::kOk: return 200;
    case StatusCode::kNotFound: return 404;
    case StatusCode::kInvalidArgument: return 400;
    case StatusCode::kAlreadyExists: return 409;
    case StatusCode::kFailedPrecondition: return 409;
    case StatusCode::kResourceExhausted: return 507;
    case StatusCode::kUnavailable: return 503;
    case StatusCode::kCorruption:
    case StatusCode::kIoError:
    case StatusCode::kInternal: return 500;
  }
  return 500;
}

std::string_view http_code(unsigned http_status) {
  switch (http_status) {
    case 400: return "bad_request";
    case 401: return "unauthenticated";
    case 403: return "forbidden";
    case 404: return "not_found";
    case 405: return "method_not_allowed";
    case 408: return "request_timeout";
    case 413: return "body_too_large";
    case 414: return "uri_too_long";
    case 415: return "unsupported_media_type";
    case 417: return "expectation_failed";
    case 421: return "misdirected_request";
    case 429: return "rate_limited";
    case 431: return "header_too_large";
    case 501: return "not_supported";
    case 503: return "unavailable";
    case 505: return "http_version_not_supported";
    default: return "error";
  }
}

}  // namespace

Problem problem_of(const Status& status) {
  Problem problem{.http_status = http_status_of(status.code()),
                  .code = std::string(status_code_name(status.code())),
                  .detail = status.message(),
                  .field = status.field()};
  if (status.code() == StatusCode::kUnavailable) problem.retry_after_s = 1;
  return problem;
}

Problem http_problem(unsigned http_status, std::string detail) {
  Problem problem{.http_status = http_status, .code = std::string(http_code(http_status)), .detail = std::move(detail)};
  if (http_status == 429 || http_status == 503) problem.retry_after_s = 1;
  return problem;
}

std::string_view reason_phrase(unsigned http_status) {
  if (http_status == 507) return "Insufficient Storage";
  const auto phrase = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(http_status));
  return {phrase.data(), phrase.size()};
}

Response to_response(const Problem& problem, const Request& request) {
  Response response{.status = problem.http_status, .content_type = "application/problem+json"};
  JsonWriter json(&response.body);
  json.begin_object()
      .field("type", std::string_view("urn:tamis:problem:" + problem.code))
      .field("title", reason_phrase(problem.http_status))
      .field("status", problem.http_status)
      .field("code", std::string_view(problem.code))
      .field("detail", std::string_view(problem.detail))
      .field("instance", std::string_view(request.path));
  if (!problem.field.empty()) json.field("field", std::string_view(problem.field));
  json.field("request_id", std::string_view(request.id));
  if (!problem.extra.empty()) json.raw(problem.extra);
  json.end_object();
  if (problem.retry_after_s) response.headers.emplace_back("Retry-After", std::to_string(*problem.retry_after_s));
  return response;
}

}  // namespace tamis::server
