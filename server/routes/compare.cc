// POST /v1/compare: two funnels on one request.
#include "server/json/request_json.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

// Two funnels cost two queries, so they are heavy.
asio::awaitable<Response> post_compare(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  const auto request = read_json_body(exchange.request(), read_compare);
  if (!request.is_ok()) co_return fail(exchange, request.status());
  TAMIS_REPLY_IF_ERROR(co_await exchange.await_visible(request->request.min_seq, request->request.min_seq_timeout_ms));
  Database* database = exchange.app().database;
  std::function<Result<CompareAnswer>()> work = [database, copy = *request] { return database->compare(copy); };
  const auto answer = co_await exchange.query<CompareAnswer>(/*is_light=*/false, std::move(work));
  if (!answer.is_ok()) co_return fail(exchange, answer.status());
  co_return reply([&](JsonWriter* json) { write_comparison(*answer, json); });
}

}  // namespace

void add_compare_routes(Router* router) {
  router->add({.verb = Verb::post, .path = "/v1/compare", .body = BodyMode::kWhole, .handler = post_compare});
}

}  // namespace tamis::server
