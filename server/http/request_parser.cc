#include "server/http/request_parser.h"

#include <algorithm>
#include <array>
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

// Bytes of "http://" or "https://" before an authority; 0 where the target is of another form.
std::size_t scheme_bytes(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (boost::beast::iequals(target.substr(0, scheme.size()), scheme)) return scheme.size();
  }
  return 0;
}

// Lines of a list field count as one list (RFC 9110 5.3); empty elements are skipped (5.6.1).
void add_elements(std::string_view value, std::vector<std::string>* elements) {
  while (!value.empty()) {
    std::string_view element = value.substr(0, value.find(','));
    value.remove_prefix(std::min(value.size(), element.size() + 1));
    while (element.starts_with(' ') || element.starts_with('\t')) element.remove_prefix(1);
    while (element.ends_with(' ') || element.ends_with('\t')) element.remove_suffix(1);
    if (!element.empty()) elements->emplace_back(element);
  }
}

constexpr std::array<std::string_view, 4> kSingleNames = {"Authorization", "X-API-Key", "Origin", "Content-Type"};

}  // namespace

// Absolute form (RFC 9112 3.2.2): what the target says of the host holds, not the Host field.
void RequestParser::on_request_impl(verb known_verb, string_view method, string_view target, int version, error_code&) {
  request_->verb = known_verb;
  request_->method.assign(method);
  request_->target.assign(target);
  request_->version = static_cast<unsigned>(version);
  std::string_view rest(request_->target);
  if (const std::size_t scheme = scheme_bytes(rest); scheme > 0) {
    rest.remove_prefix(scheme);
    const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
    rest.remove_prefix(host.size());
    request_->is_target_malformed = host.empty() || host.find('@') != std::string_view::npos;
    request_->host.assign(host);
    is_host_given_ = true;
  }
  const std::size_t question = rest.find('?');
  request_->path.assign(rest.substr(0, question));
  if (is_host_given_ && request_->path.empty()) request_->path = "/";
  request_->query.assign(question == std::string_view::npos ? std::string_view() : rest.substr(question + 1));
}

void RequestParser::take_single(SingleField which, string_view value, std::string* out) {
  const auto bit = static_cast<std::size_t>(which);
  if (taken_.test(bit) && request_->repeated_field.empty()) request_->repeated_field = kSingleNames[bit];
  taken_.set(bit);
  out->assign(value);
}

void RequestParser::on_field_impl(field name, string_view name_text, string_view value, error_code&) {
  switch (name) {
    case field::host:
      if (!is_host_given_) request_->host.assign(value);
      ++request_->host_count;
      break;
    case field::origin: take_single(SingleField::kOrigin, value, &request_->origin); break;
    case field::content_type:
      take_single(SingleField::kContentType, value, &request_->content_type);
      request_->content_type = media_type(value);
      break;
    case field::authorization: take_single(SingleField::kAuthorization, value, &request_->authorization); break;
    case field::if_none_match: request_->if_none_match.assign(value); break;
    case field::accept_encoding: add_elements(value, &request_->accepted_codings); break;
    case field::content_encoding: add_elements(value, &request_->content_codings); break;
    case field::access_control_request_method: request_->is_preflight = true; break;
    case field::transfer_encoding:
      request_->has_transfer_encoding = true;
      add_elements(value, &request_->transfer_codings);
      break;
    case field::expect:
      add_elements(value, &request_->expectations);
      request_->expects_continue = !request_->expectations.empty();
      break;
    default:
      if (boost::beast::iequals(name_text, "X-Request-Id") && is_sane_request_id(value)) request_->id.assign(value);
      if (boost::beast::iequals(name_text, "X-API-Key")) take_single(SingleField::kApiKey, value, &request_->api_key);
      if (boost::beast::iequals(name_text, "X-API-Version")) request_->api_version.assign(value);
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
