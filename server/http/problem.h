// Problem documents (RFC 9457): what every failed request is answered with.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/status.h"
#include "server/http/request.h"

namespace tamis::server {

// A failure on its way to becoming a response.
struct Problem {
  unsigned http_status = 500;
  std::string code;    // "invalid_argument"; also the end of `type`
  std::string detail;  // for the person who reads it
  std::string field;   // empty where no one field is to blame
  std::optional<unsigned> retry_after_s;
  std::string extra;  // further members, as JSON without braces: `"accepted":12`
};

// The one table from StatusCode to HTTP. Where the code is unavailable it says when to come back.
Problem problem_of(const Status& status);
// A failure of HTTP's own: 404 for a path, 405, 408, 411, 413, 414, 415, 417, 429, 431, 501, 503, 505.
Problem http_problem(unsigned http_status, std::string detail);

std::string_view reason_phrase(unsigned http_status);
Response to_response(const Problem& problem, const Request& request);

}  // namespace tamis::server
