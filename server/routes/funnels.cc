// /v1/funnels: list, read, create or replace, delete, validate, schema. The engine owns the grammar of a funnel.
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
  QueryString query(exchange.request().query);
  std::uint32_t version = 0;
  bool resolved = false;
  query.read_u32("version", 1, 0xFFFFFFFF, &version).read_bool("resolved", &resolved);
  TAMIS_REPLY_IF_ERROR(query.finish());
  const Database& database = *exchange.app().database;
  auto funnel = version == 0 ? database.get_funnel(exchange.parameter(0))
                             : database.get_funnel_version(exchange.parameter(0), version);
  if (!funnel.is_ok()) co_return fail(exchange, funnel.status());
  if (resolved) funnel->inherited.clear();
  co_return reply([&](JsonWriter* json) { json->raw(funnel_to_json(*funnel)); });
}

asio::awaitable<Response> get_schema(Exchange& /*exchange*/) {
  Response response{.content_type = "application/schema+json"};
  response.body = funnel_schema();
  co_return response;
}

// A problem that lists all that is wrong with a document: "faults":[{"pointer","detail"}].
Response refuse_document(Exchange& exchange, const std::vector<Status>& faults) {
  Problem problem = problem_of(faults.front());
  JsonWriter json(&problem.extra);
  json.begin_array();
  for (const Status& fault : faults)
    json.begin_object().field("pointer", fault.field()).field("detail", fault.message()).end_object();
  json.end_array();
  problem.extra.insert(0, "\"faults\":");
  return to_response(problem, exchange.request());
}

// A funnel that is written waits for its commit, so a worker does it.
asio::awaitable<Response> put_funnel(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  Database* database = exchange.app().database;
  FunnelDocument document = database->check_funnel(exchange.parameter(0), exchange.request().body);
  if (!document.faults.empty()) co_return refuse_document(exchange, document.faults);
  std::function<Result<WriteAck>()> work = [database, funnel = std::move(document.funnel)] {
    return database->put_funnel(funnel);
  };
  const auto ack = co_await exchange.offload<WriteAck>(*exchange.app().workers, std::move(work));
  if (!ack.is_ok()) co_return fail(exchange, ack.status());
  co_return reply([&](JsonWriter* json) {
    write_ack(*ack, json);
    write_warnings(document.warnings, json);
    json->end_object();
  });
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
  JsonDocument json_document;
  const auto root = json_document.parse(exchange.request().body);
  const std::string_view name = root.is_ok() ? funnel_name_of(*root, "validated") : "validated";
  const FunnelDocument document = exchange.app().database->check_funnel(name, exchange.request().body);
  if (!document.faults.empty()) co_return refuse_document(exchange, document.faults);
  co_return reply([&](JsonWriter* json) {
    json->begin_object().field("valid", true).key("funnel").raw(funnel_to_json(document.funnel));
    write_warnings(document.warnings, json);
    json->end_object();
  });
}

}  // namespace

void add_funnel_routes(Router* router) {
  router->add({.verb = Verb::get, .path = "/v1/funnels", .handler = list_funnels});
  router->add({.verb = Verb::get, .path = "/v1/funnels/schema", .handler = get_schema});
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
