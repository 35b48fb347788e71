// The console: GET /console/ and its files, and / that leads there. They hold no data, so they need no key; what the
// page asks of the API does.
#include "server/http/content_coding.h"
#include "server/routes/console_assets.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

// Everything comes from this server, nothing is inline, and no other page may frame it.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src "
    "'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::string_view kNoConsole =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">"
    "<title>Tamis</title><h1>This build of Tamis has no console</h1>"
    "<p>The server works; its API is described at <a href=\"/openapi.json\">/openapi.json</a>. To have the console, "
    "install Node.js with npm, configure with -DTAMIS_CONSOLE=ON, and build again.</p></html>\n";

// Assets' names carry a hash of what they hold; other files are asked for again each time.
std::string_view caching_of(const ConsoleAsset& asset) {
  return asset.path.starts_with("assets/") ? "public, max-age=31536000, immutable" : "no-cache";
}

Response serve(const Request& request, const ConsoleAsset& asset) {
  const bool is_gzip = takes_coding(request.accepted_codings, ContentCoding::kGzip) && !asset.gzip.empty();
  const std::string etag = "\"" + std::string(asset.etag) + (is_gzip ? "-gzip\"" : "\"");
  Response response{.content_type = std::string(asset.content_type)};
  response.headers = {{"ETag", etag},
                      {"Cache-Control", std::string(caching_of(asset))},
                      {"Vary", "Accept-Encoding"},
                      {"Content-Security-Policy", std::string(kContentSecurityPolicy)},
                      {"Referrer-Policy", "no-referrer"}};
  if (request.if_none_match.find(etag) != std::string::npos) {
    response.status = 304;
    return response;
  }
  if (is_gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  response.body = is_gzip ? asset.gzip : asset.plain;
  return response;
}

Response find_and_serve(Exchange& exchange, std::string_view path) {
  for (const ConsoleAsset& asset : console_assets()) {
    if (asset.path == path) return serve(exchange.request(), asset);
  }
  return to_response(http_problem(404, "the console has no file " + std::string(path.substr(0, 256))),
                     exchange.request());
}

asio::awaitable<Response> get_page(Exchange& exchange) {
  if (!console_assets().empty()) co_return find_and_serve(exchange, "index.html");
  Response response{.content_type = "text/html; charset=utf-8", .body = std::string(kNoConsole)};
  response.headers.emplace_back("Content-Security-Policy", std::string(kContentSecurityPolicy));
  co_return response;
}

asio::awaitable<Response> get_file(Exchange& exchange) { co_return find_and_serve(exchange, exchange.parameter(0)); }

asio::awaitable<Response> get_asset(Exchange& exchange) {
  co_return find_and_serve(exchange, "assets/" + exchange.parameter(0));
}

asio::awaitable<Response> lead_to_console(Exchange& /*exchange*/) {
  Response response{.status = 302, .content_type = ""};
  response.headers.emplace_back("Location", "/console/");
  co_return response;
}

}  // namespace

void add_console_routes(Router* router) {
  router->add({.verb = Verb::get, .path = "/", .scope = Scope::kOpen, .handler = lead_to_console});
  router->add({.verb = Verb::get, .path = "/console", .scope = Scope::kOpen, .handler = lead_to_console});
  router->add({.verb = Verb::get, .path = "/console/", .scope = Scope::kOpen, .handler = get_page});
  router->add({.verb = Verb::get, .path = "/console/{file}", .scope = Scope::kOpen, .handler = get_file});
  router->add({.verb = Verb::get, .path = "/console/assets/{file}", .scope = Scope::kOpen, .handler = get_asset});
}

}  // namespace tamis::server
