// What operators ask: stats, health, readiness, metrics, the description of the API.
#include "server/metrics/metrics.h"
#include "server/openapi_document.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"
#include "server/version.h"

namespace tamis::server {
namespace {

asio::awaitable<Response> get_stats(Exchange& exchange) {
  Database* database = exchange.app().database;
  std::function<Result<Stats>()> work = [database]() -> Result<Stats> { return database->stats(); };
  const auto stats = co_await exchange.offload<Stats>(*exchange.app().workers, std::move(work));
  if (!stats.is_ok()) co_return fail(exchange, stats.status());
  co_return reply([&](JsonWriter* json) { write_stats(*stats, json); });
}

// Alive: the process answers.
asio::awaitable<Response> get_health(Exchange& /*exchange*/) {
  co_return reply(
      [](JsonWriter* json) { json->begin_object().field("status", "ok").field("version", kVersion).end_object(); });
}

// Ready: queries are answered. Not while recovering, and not from the moment of a shutdown's beginning.
asio::awaitable<Response> get_readiness(Exchange& exchange) {
  const App& app = exchange.app();
  if (app.is_draining) co_return fail(exchange, Status::unavailable("the server is shutting down"));
  if (!app.database->is_ready()) co_return fail(exchange, Status::unavailable("the database is recovering"));
  co_return reply([&](JsonWriter* json) {
    json->begin_object().field("status", "ready").field("sequence", app.database->sequence()).end_object();
  });
}

asio::awaitable<Response> get_metrics(Exchange& exchange) {
  Metrics* metrics = exchange.app().metrics;
  std::function<Result<std::string>()> work = [metrics]() -> Result<std::string> { return metrics->serialize(); };
  auto text = co_await exchange.offload<std::string>(*exchange.app().workers, std::move(work));
  if (!text.is_ok()) co_return fail(exchange, text.status());
  Response response{.content_type = "text/plain; version=0.0.4; charset=utf-8"};
  response.body = std::move(*text);
  co_return response;
}

asio::awaitable<Response> get_openapi(Exchange& /*exchange*/) {
  Response response;
  response.body = openapi_document();
  co_return response;
}

}  // namespace

void add_operation_routes(Router* router) {
  router->add({.verb = Verb::get, .path = "/v1/stats", .handler = get_stats});
  router->add({.verb = Verb::get, .path = "/healthz", .scope = Scope::kOpen, .handler = get_health});
  router->add({.verb = Verb::get, .path = "/readyz", .scope = Scope::kOpen, .handler = get_readiness});
  router->add({.verb = Verb::get, .path = "/metrics", .handler = get_metrics});
  router->add({.verb = Verb::get, .path = "/openapi.json", .scope = Scope::kOpen, .handler = get_openapi});
}

}  // namespace tamis::server
