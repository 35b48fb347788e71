// One HTTP request as its handler sees it, and the response that it makes. Plain data.
#pragma once

#include <boost/beast/http/verb.hpp>
#include <cstdint>
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
  std::string target;     // as sent: path and query, or an absolute URL
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
  std::string api_version;  // X-API-Version, which clients of Gorse send
  std::string if_none_match;
  std::vector<std::string> accepted_codings;  // of Accept-Encoding, with their weights
  std::string key_name;                       // of the key that it bears, once that was found
  // The elements of fields that are lists, over all of their lines.
  std::vector<std::string> content_codings;
  std::vector<std::string> transfer_codings;
  std::vector<std::string> expectations;
  bool has_transfer_encoding = false;  // a line of it, be it empty
  std::uint32_t host_count = 0;
  std::string repeated_field;        // the first field that stands twice and must not; empty: none
  bool is_target_malformed = false;  // neither a path nor an absolute URL of HTTP
  bool expects_continue = false;
  bool is_preflight = false;  // it names the method of a request that is to follow
  bool wants_close = false;   // by Connection, or by HTTP/1.0 without keep-alive

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
