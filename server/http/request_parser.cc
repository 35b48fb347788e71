#include "server/http/request_parser.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <cctype>

namespace tamis::server {
namespace {

// "Application/JSON; charset=utf-8" -> "application/json".
std::string media_type(std::string_view value) {
  value = value.substr(0, value.find(';'));
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  std::string type(value);
  std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) { return std::tolower(c); });
  return type;
}

bool is_sane_request_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == ':' || c == '/' || c == '=' || c == '+';
  });
}

}  // namespace

void RequestParser::on_request_impl(verb known_verb, string_view method, string_view target, int version, error_code&) {
  request_->verb = known_verb;
  request_->method.assign(method);
  request_->target.assign(target);
  request_->version = static_cast<unsigned>(version);
  const std::string_view whole(request_->target);
  const std::size_t question = whole.find('?');
  request_->path.assign(whole.substr(0, question));
  request_->query.assign(question == std::string_view::npos ? std::string_view() : whole.substr(question + 1));
}

void RequestParser::on_field_impl(field name, string_view name_text, string_view value, error_code&) {
  switch (name) {
    case field::host:
      request_->host.assign(value);
      ++request_->host_count;
      break;
    case field::origin: request_->origin.assign(value); break;
    case field::content_type: request_->content_type = media_type(value); break;
    case field::authorization: request_->authorization.assign(value); break;
    case field::content_encoding: request_->content_encoding.assign(value); break;
    case field::transfer_encoding: request_->transfer_encoding.append(value); break;
    case field::expect:
      request_->expects_continue = boost::beast::iequals(value, "100-continue");
      request_->has_unknown_expectation = !request_->expects_continue;
      break;
    default:
      if (boost::beast::iequals(name_text, "X-Request-Id") && is_sane_request_id(value)) request_->id.assign(value);
      if (boost::beast::iequals(name_text, "X-API-Key")) request_->api_key.assign(value);
  }
}

void RequestParser::on_header_impl(error_code&) { request_->wants_close = !keep_alive(); }

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) {}

std::size_t RequestParser::on_body_impl(string_view bytes, error_code&) {
  body_->append(bytes.data(), bytes.size());
  return bytes.size();
}

void RequestParser::on_chunk_header_impl(std::uint64_t, string_view, error_code&) {}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) {
  body_->append(bytes.data(), bytes.size());
  return bytes.size();
}

void RequestParser::on_finish_impl(error_code&) {}

}  // namespace tamis::server
