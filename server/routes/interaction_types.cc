// /v1/interaction-types: list, read, declare or change, give back to the configuration. The engine owns the grammar.
#include <algorithm>

#include "engine/interaction_type.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

// "stored" types are documents of the database; "start" ones are built in or configured.
void write_type(const InteractionType& type, JsonWriter* json) { json->raw(interaction_type_to_json(type)); }

asio::awaitable<Response> list_types(Exchange& exchange) {
  Database* database = exchange.app().database;
  std::function<Result<Stats>()> read = [database]() -> Result<Stats> { return database->stats(); };
  const auto stats = co_await exchange.offload<Stats>(*exchange.app().workers, std::move(read));
  if (!stats.is_ok()) co_return fail(exchange, stats.status());
  const std::vector<InteractionType> types = database->list_interaction_types();
  co_return reply([&](JsonWriter* json) {
    json->begin_object().key("interaction_types").begin_array();
    for (const InteractionType& type : types) write_type(type, json);
    json->end_array().key("undeclared").begin_array();
    for (const auto& [name, nearest] : stats->undeclared_types) {
      json->begin_object().field("name", name);
      if (const auto count = stats->interactions_by_type.find(name); count != stats->interactions_by_type.end())
        json->field("interactions", count->second);
      if (!nearest.empty()) json->field("did_you_mean", nearest);
      json->end_object();
    }
    json->end_array().field("recounting", stats->recounting).end_object();
  });
}

asio::awaitable<Response> get_type(Exchange& exchange) {
  QueryString query(exchange.request().query);
  std::uint32_t version = 0;
  query.read_u32("version", 1, 0xFFFFFFFF, &version);
  TAMIS_REPLY_IF_ERROR(query.finish());
  const Database& database = *exchange.app().database;
  const auto type = version == 0 ? database.get_interaction_type(exchange.parameter(0))
                                 : database.get_interaction_type_version(exchange.parameter(0), version);
  if (!type.is_ok()) co_return fail(exchange, type.status());
  co_return reply([&](JsonWriter* json) { write_type(*type, json); });
}

// The ack, and whether the counts of items still follow.
Response reply_change(const WriteAck& ack, const Database& database) {
  const bool recounting = database.is_recounting();
  return reply([&](JsonWriter* json) {
    write_ack(ack, json);
    json->field("recounting", recounting).end_object();
  });
}

asio::awaitable<Response> put_type(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  Database* database = exchange.app().database;
  auto type = parse_interaction_type(exchange.parameter(0), exchange.request().body);
  if (!type.is_ok()) co_return fail(exchange, type.status());
  std::function<Result<WriteAck>()> work = [database, declared = std::move(*type)] {
    return database->put_interaction_type(declared);
  };
  const auto ack = co_await exchange.offload<WriteAck>(*exchange.app().workers, std::move(work));
  if (!ack.is_ok()) co_return fail(exchange, ack.status());
  co_return reply_change(*ack, *database);
}

asio::awaitable<Response> delete_type(Exchange& exchange) {
  Database* database = exchange.app().database;
  std::function<Result<WriteAck>()> work = [database, name = exchange.parameter(0)] {
    return database->delete_interaction_type(name);
  };
  const auto ack = co_await exchange.offload<WriteAck>(*exchange.app().workers, std::move(work));
  if (!ack.is_ok()) co_return fail(exchange, ack.status());
  co_return reply_change(*ack, *database);
}

}  // namespace

void add_interaction_type_routes(Router* router) {
  router->add({.verb = Verb::get, .path = "/v1/interaction-types", .handler = list_types});
  router->add({.verb = Verb::get, .path = "/v1/interaction-types/{name}", .handler = get_type});
  router->add({.verb = Verb::put,
               .path = "/v1/interaction-types/{name}",
               .scope = Scope::kAdmin,
               .body = BodyMode::kWhole,
               .handler = put_type});
  router->add(
      {.verb = Verb::delete_, .path = "/v1/interaction-types/{name}", .scope = Scope::kAdmin, .handler = delete_type});
}

}  // namespace tamis::server
