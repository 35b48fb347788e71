// Endpoint: where a server listens, and the encoding of what goes into a URL.
#pragma once

#include <string>
#include <string_view>

#include "common/status.h"

namespace tamis::client {

struct Endpoint {
  bool tls = false;
  std::string host;   // a name or an address; IPv6 without brackets
  std::string port;   // decimal
  std::string base;   // path before "/v1", "" or "/prefix"; never ends in a slash
  std::string label;  // "http://host:port", for messages

  // What the Host header says: the port is left out where it is the scheme's own.
  std::string authority() const;
};

// "http://127.0.0.1:8080", "https://shop.example/tamis/", "[::1]:8080" (http is understood). invalid_argument for
// another scheme, an empty host, a port outside 1..65535, user info, a query or a fragment.
Result<Endpoint> parse_endpoint(std::string_view url);

// One path segment or query value: everything but RFC 3986's unreserved characters becomes %XX.
std::string percent_encode(std::string_view text);

}  // namespace tamis::client
