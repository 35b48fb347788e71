#include "client/http/endpoint.h"

#include <charconv>

namespace tamis::client {
namespace {

Status refuse(std::string_view url, std::string_view reason) {
  return Status::invalid_argument("\"" + std::string(url.substr(0, 128)) + "\" is not a server's URL: " +
                                  std::string(reason) + "; expected a form like http://127.0.0.1:8080")
      .at_field("url");
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

std::string Endpoint::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return port == (tls ? "443" : "80") ? name : name + ":" + port;
}

Result<Endpoint> parse_endpoint(std::string_view url) {
  Endpoint endpoint;
  std::string_view rest = url;
  if (const auto scheme_end = rest.find("://"); scheme_end != std::string_view::npos) {
    const std::string_view scheme = rest.substr(0, scheme_end);
    if (scheme != "http" && scheme != "https") return refuse(url, "the scheme is neither http nor https");
    endpoint.tls = scheme == "https";
    rest.remove_prefix(scheme_end + 3);
  }
  for (const char c : rest) {
    if (c == '?' || c == '#') return refuse(url, "it has a query or a fragment");
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f')
      return refuse(url, "it has a blank or a control character");
  }
  const auto slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  std::string_view base = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
  while (base.ends_with('/')) base.remove_suffix(1);
  if (authority.find('@') != std::string_view::npos) return refuse(url, "it carries user information; use an API key");

  std::string_view port = endpoint.tls ? "443" : "80";
  std::string_view host = authority;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) return refuse(url, "a bracket is not closed");
    host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
    if (!authority.empty()) {
      if (!authority.starts_with(':')) return refuse(url, "text follows the bracket");
      port = authority.substr(1);
    }
  } else if (const auto colon = authority.rfind(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
    if (host.find(':') != std::string_view::npos) return refuse(url, "an IPv6 address needs brackets");
  }
  if (host.empty()) return refuse(url, "the host is empty");
  if (!is_port(port)) return refuse(url, "the port is not a number from 1 to 65535");

  endpoint.host = host;
  endpoint.port = port;
  endpoint.base = base;
  endpoint.label = (endpoint.tls ? "https://" : "http://") + endpoint.authority();
  return endpoint;
}

std::string percent_encode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += kHex[byte >> 4];
      encoded += kHex[byte & 15];
    }
  }
  // A segment of dots alone would be taken for a relative path by whatever stands between.
  if (encoded == ".") return "%2E";
  if (encoded == "..") return "%2E%2E";
  return encoded;
}

}  // namespace tamis::client
