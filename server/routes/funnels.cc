// /v1/funnels: list, read, create or replace, delete, validate. The engine owns the grammar of a funnel.
#include "server/json/request_json.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

asio::awaitable<Response> list_funnels(Exchange& exchange) {
  const std::vector<FunnelConfig> funnels = exchange.app().database->list_funnels();
  co_return reply([&](JsonWriter* json) {
    json->begin_object().key("funnels").begin_array();
    for (const FunnelConfig& funnel : funnels) json->raw(funnel_to_json(funnel));
    json->end_array().end_object();
  });
}

asio::awaitable<Response> get_funnel(Exchange& exchange) {
  const auto funnel = exchange.app().database->get_funnel(exchange.parameter(0));
  if (!funnel.is_ok()) co_return fail(exchange, funnel.status());
  co_return reply([&](JsonWriter* json) { json->raw(funnel_to_json(*funnel)); });
}

// A funnel that is written waits for its commit, so a worker does it.
asio::awaitable<Response> put_funnel(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  auto funnel = parse_funnel(exchange.parameter(0), exchange.request().body);
  if (!funnel.is_ok()) co_return fail(exchange, funnel.status());
  Database* database = exchange.app().database;
  std::function<Result<WriteAck>()> work = [database, funnel = std::move(*funnel)] {
    return database->put_funnel(funnel);
  };
  const auto ack = co_await exchange.offload<WriteAck>(*exchange.app().workers, std::move(work));
  if (!ack.is_ok()) co_return fail(exchange, ack.status());
  co_return reply_ack(*ack);
}

asio::awaitable<Response> delete_funnel(Exchange& exchange) {
  Database* database = exchange.app().database;
  std::function<Result<WriteAck>()> work = [database, name = exchange.parameter(0)] {
    return database->delete_funnel(name);
  };
  const auto ack = co_await exchange.offload<WriteAck>(*exchange.app().workers, std::move(work));
  if (!ack.is_ok()) co_return fail(exchange, ack.status());
  co_return reply_ack(*ack);
}

asio::awaitable<Response> validate_funnel(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  JsonDocument document;
  const auto root = document.parse(exchange.request().body);
  if (!root.is_ok()) co_return fail(exchange, root.status());
  const auto funnel = parse_funnel(funnel_name_of(*root, "validated"), exchange.request().body);
  if (!funnel.is_ok()) co_return fail(exchange, funnel.status());
  co_return reply([&](JsonWriter* json) {
    json->begin_object().field("valid", true).key("funnel").raw(funnel_to_json(*funnel)).end_object();
  });
}

}  // namespace

void add_funnel_routes(Router* router) {
  router->add({.verb = Verb::get, .path = "/v1/funnels", .handler = list_funnels});
  router->add(
      {.verb = Verb::post, .path = "/v1/funnels/validate", .body = BodyMode::kWhole, .handler = validate_funnel});
  router->add({.verb = Verb::get, .path = "/v1/funnels/{name}", .handler = get_funnel});
  router->add({.verb = Verb::put,
               .path = "/v1/funnels/{name}",
               .scope = Scope::kAdmin,
               .body = BodyMode::kWhole,
               .handler = put_funnel});
  router->add({.verb = Verb::delete_, .path = "/v1/funnels/{name}", .scope = Scope::kAdmin, .handler = delete_funnel});
}

}  // namespace tamis::server
