// Problem: an HTTP answer that is not a success, as a Status.
#pragma once

#include "client/http/message.h"
#include "common/status.h"

namespace tamis::client {

// From an RFC 9457 problem document: `detail` (else `title`) is the message, `field` the field, and `code` the code
// where it is one of Tamis's; else the HTTP status decides. Other bodies are quoted in short. The request id is added,
// so that the server's log can be searched for it.
// REQUIRES: !response.is_success().
Status problem_status(const HttpResponse& response);

// The code that stands for an HTTP status: 404 not_found, 409 already_exists, 412 failed_precondition, 429 and 503
// unavailable, 507 resource_exhausted, other 4xx invalid_argument, other 5xx internal.
StatusCode code_of_http_status(unsigned http_status);

}  // namespace tamis::client
