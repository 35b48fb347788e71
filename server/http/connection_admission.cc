// Which requests a connection answers: by their origin, key, rate, and the server's load.
#include "server/app/app.h"
#include "server/http/connection.h"
#include "server/http/http_facts.h"
#include "server/http/query_string.h"
#include "server/metrics/metrics.h"

namespace tamis::server {

std::optional<Problem> Connection::check_origin(const Access& access) const {
  // A web page elsewhere must not reach a server on the reader's machine through the reader's browser.
  if (!request_.origin.empty() && !is_cross_origin_) {
    const std::size_t scheme = request_.origin.find("://");
    const std::string_view origin =
        std::string_view(request_.origin).substr(scheme == std::string::npos ? 0 : scheme + 3);
    if (origin != request_.host) return http_problem(403, "requests from the web page's origin are not taken");
  }
  if (access.checks_host && !is_local_host(request_.host)) {
    return http_problem(421, "a server without keys answers to localhost or an address only, not to \"" +
                                 request_.host.substr(0, 64) + "\"");
  }
  return std::nullopt;
}

std::optional<Problem> Connection::check_key(const Access& access, Response* refusal) {
  client_ = remote_;
  if (access.keys.is_empty()) return std::nullopt;
  const auto grant = access.keys.find(request_.authorization, request_.api_key);
  if (!grant) {
    if (auto problem = check_rate()) return problem;  // of the address: it may be guessing
    refusal->headers.emplace_back("WWW-Authenticate", "Bearer realm=\"tamis\"");
    return http_problem(401, "the request bears no valid key; expected Authorization: Bearer KEY or X-API-Key: KEY");
  }
  client_ = request_.key_name = grant->name;
  if (grant->scope < endpoint_->scope) {
    return http_problem(403, "the key " + client_ + " has the scope " + std::string(scope_name(grant->scope)) +
                                 "; this request needs " + std::string(scope_name(endpoint_->scope)));
  }
  return std::nullopt;
}

std::optional<Problem> Connection::check_rate() {
  const auto delay_s = front_.rate->delay(client_);
  if (!delay_s) return std::nullopt;
  app_.metrics->on_refused("rate");
  Problem problem = http_problem(429, "more requests than the rate limit allows");
  problem.retry_after_s = std::max(1U, static_cast<unsigned>(*delay_s + 0.999));
  return problem;
}

std::optional<Problem> Connection::check_load() {
  if (auto problem = check_rate()) return problem;
  if (load_.is_behind(std::chrono::milliseconds(app_.settings->max_queue_delay_ms))) {
    app_.metrics->on_refused("overload");
    return http_problem(503, "the server is overloaded: requests wait too long for their turn");
  }
  holds_request_ = true;
  if (app_.requests.fetch_add(1, std::memory_order_relaxed) >= app_.settings->max_requests) {
    app_.metrics->on_refused("requests");
    return http_problem(503, "too many requests are being answered at once");
  }
  return std::nullopt;
}

std::optional<Problem> Connection::admit(Response* refusal) {
  // RFC 9110 9.1: 501 for a method that nobody has heard of, 405 for one that is known and not for this target.
  if (request_.verb == Verb::unknown && request_.method != "QUERY")
    return http_problem(501, "the method " + request_.method.substr(0, 32) + " is not known");
  auto match = front_.router.match(request_.verb, request_.path, &parameters_);
  if (match.is_malformed) return http_problem(400, "the path has a broken % escape");
  if (match.endpoint == nullptr && match.allow.empty())
    return http_problem(404, "nothing is at " + request_.path.substr(0, 256) + "; see /openapi.json");
  if (match.endpoint == nullptr) {
    refusal->headers.emplace_back("Allow", match.allow);
    return http_problem(405, "the method " + request_.method + " is not allowed here; expected " + match.allow);
  }
  endpoint_ = match.endpoint;
  if (endpoint_->has_no_query) {
    if (const Status status = QueryString(request_.query).finish(); !status.is_ok()) return problem_of(status);
  }
  if (endpoint_->scope == Scope::kOpen) return std::nullopt;
  const auto access = front_.access.get();
  if (auto problem = check_origin(*access)) return problem;
  if (auto problem = check_key(*access, refusal)) return problem;
  return check_load();
}

std::optional<Response> Connection::answer_preflight() {
  if (!request_.is_preflight || !is_cross_origin_ || request_.verb != Verb::options) return std::nullopt;
  const auto match = front_.router.match(request_.verb, request_.path, &parameters_);
  if (match.allow.empty()) return std::nullopt;
  Response response{.status = 204, .content_type = ""};
  response.headers = {{"Access-Control-Allow-Methods", match.allow},
                      {"Access-Control-Allow-Headers",
                       "Authorization, Content-Encoding, Content-Type, If-None-Match, X-API-Key, X-Request-Id"},
                      {"Access-Control-Max-Age", "600"}};
  return response;
}

}  // namespace tamis::server
