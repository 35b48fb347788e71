// POST /v1/compare: two funnels on one request.
#include "server/json/request_json.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

// Two funnels cost two queries, so a worker runs them.
asio::awaitable<Response> post_compare(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  QueryString query(exchange.request().query);
  TAMIS_REPLY_IF_ERROR(query.finish());
  JsonDocument document;
  const auto root = document.parse(exchange.request().body);
  if (!root.is_ok()) co_return fail(exchange, root.status());
  const auto request = read_compare(*root, JsonPath{});
  if (!request.is_ok()) co_return fail(exchange, request.status());
  Database* database = exchange.app().database;
  std::function<Result<CompareAnswer>()> work = [database, copy = *request] { return database->compare(copy); };
  const auto answer = co_await exchange.offload<CompareAnswer>(*exchange.app().workers, std::move(work));
  if (!answer.is_ok()) co_return fail(exchange, answer.status());
  co_return reply([&](JsonWriter* json) { write_comparison(*answer, json); });
}

}  // namespace

void add_compare_routes(Router* router) {
  router->add({.verb = Verb::post, .path = "/v1/compare", .body = BodyMode::kWhole, .handler = post_compare});
}

}  // namespace tamis::server
