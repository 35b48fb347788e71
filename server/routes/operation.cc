// What operators ask: stats, health, readiness, metrics, the description of the API.
#include <set>

#include "server/app/version.h"
#include "server/metrics/metrics.h"
#include "server/routes/openapi_document.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

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

// Why queries are not answered.
Status unreadiness(App& app) {
  const Status recovered = app.database->wait_ready(std::chrono::milliseconds(0));
  if (recovered.is_ok()) return Status::unavailable("the store cannot be read: it is reopened after a failed write");
  if (recovered.code() == StatusCode::kUnavailable) return recovered;
  return Status::unavailable("recovery failed: " + recovered.message());
}

// Ready: queries are answered. Not while recovering, and not from the moment of a shutdown's beginning.
asio::awaitable<Response> get_readiness(Exchange& exchange) {
  App& app = exchange.app();
  if (app.is_draining) co_return fail(exchange, Status::unavailable("the server is shutting down"));
  if (!app.database->is_ready()) co_return fail(exchange, unreadiness(app));
  co_return reply([&](JsonWriter* json) {
    json->begin_object().field("status", "ready").field("sequence", app.database->sequence()).end_object();
  });
}

std::set<std::string, std::less<>> names_of_funnels(const Database& database) {
  std::set<std::string, std::less<>> names = {"default"};
  for (const FunnelConfig& funnel : database.list_funnels()) names.insert(funnel.name);
  return names;
}

asio::awaitable<Response> get_metrics(Exchange& exchange) {
  Metrics* metrics = exchange.app().metrics;
  Database* database = exchange.app().database;
  std::function<Result<std::string>()> work = [metrics, database]() -> Result<std::string> {
    if (database->is_ready()) metrics->keep_funnels(names_of_funnels(*database));
    return metrics->serialize();
  };
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
  router->add({.verb = Verb::get, .path = "/v1/stats", .handler = get_stats, .has_no_query = true});
  router->add(
      {.verb = Verb::get, .path = "/healthz", .scope = Scope::kOpen, .handler = get_health, .has_no_query = true});
  router->add(
      {.verb = Verb::get, .path = "/readyz", .scope = Scope::kOpen, .handler = get_readiness, .has_no_query = true});
  router->add({.verb = Verb::get, .path = "/metrics", .handler = get_metrics, .has_no_query = true});
  router->add({.verb = Verb::get,
               .path = "/openapi.json",
               .scope = Scope::kOpen,
               .handler = get_openapi,
               .has_no_query = true});
}

}  // namespace tamis::server
