// One HTTP request and its response, as the client sees them. Plain data.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tamis::client {

struct HttpRequest {
  std::string method = "GET";
  std::string target;  // path and query, encoded, without the endpoint's base
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // further ones
  // May be sent again where the first try's outcome is unknown: a GET, PUT or DELETE, a POST that only reads, or
  // interactions that all carry idempotency keys.
  bool repeatable = false;
  std::int64_t timeout_ms = 0;  // 0: the client's
};

struct HttpResponse {
  unsigned status = 0;
  std::string content_type;
  std::string retry_after;  // as sent; empty where absent
  std::string request_id;
  std::string body;

  bool is_success() const { return status >= 200 && status < 300; }
};

}  // namespace tamis::client
