// One HTTP request as its handler sees it, and the response that it makes. Plain data.
#pragma once

#include <boost/beast/http/verb.hpp>
#include <cstdint>
#include <optional>
#include <ostream>  // boost/beast/http/verb.hpp needs it and does not say so
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tamis::server {

using Verb = boost::beast::http::verb;

struct Request {
  Verb verb = Verb::unknown;
  std::string method;     // as sent
  std::string target;     // as sent: path and query
  std::string path;       // the target up to '?', still encoded
  std::string query;      // after '?', still encoded
  std::string id;         // X-Request-Id, or made here
  std::string remote;     // address of the peer
  unsigned version = 11;  // 10 or 11

  std::string host;
  std::string origin;
  std::string content_type;  // lower case, without parameters
  std::string authorization;
  std::string api_key;
  std::string content_encoding;
  std::string transfer_encoding;
  std::uint32_t host_count = 0;
  bool expects_continue = false;
  bool has_unknown_expectation = false;
  bool wants_close = false;  // by Connection, or by HTTP/1.0 without keep-alive
  bool has_body = false;
  std::optional<std::uint64_t> content_length;

  std::string body;  // of endpoints that take it whole
};

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  bool close = false;        // the connection ends after it
  bool is_streamed = false;  // it was already sent, in parts
};

}  // namespace tamis::server
