// RequestParser: Beast's HTTP/1.1 grammar, filling a Request and a body buffer of ours instead of Beast's message type.
// Externally synchronised. One per request.
#pragma once

#include <bitset>
#include <boost/beast/http/basic_parser.hpp>
#include <string>

#include "server/http/asio.h"
#include "server/http/request.h"

namespace tamis::server {

class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  // REQUIRES: both outlive the parser. Body bytes are appended to `body` as they are parsed.
  RequestParser(Request* request, std::string* body) : request_(request), body_(body) {
    body_limit(boost::none);  // endpoints have their own limits, checked by the connection
  }

 private:
  using string_view = boost::beast::string_view;
  using field = boost::beast::http::field;
  using verb = boost::beast::http::verb;

  void on_request_impl(verb known_verb, string_view method, string_view target, int version,
                       error_code& error) override;
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(field name, string_view name_text, string_view value, error_code& error) override;
  void on_header_impl(error_code& error) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& content_length, error_code& error) override;
  std::size_t on_body_impl(string_view bytes, error_code& error) override;
  void on_chunk_header_impl(std::uint64_t size, string_view extensions, error_code& error) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, string_view bytes, error_code& error) override;
  void on_finish_impl(error_code& error) override;

  // Fields that may stand once; in the order of their names in the .cc.
  enum class SingleField { kAuthorization, kApiKey, kOrigin, kContentType };
  void take_single(SingleField which, string_view value, std::string* out);

  Request* request_;
  std::bitset<4> taken_;        // the single fields that have come
  bool is_host_given_ = false;  // by the request target
  std::string* body_;
};

}  // namespace tamis::server
