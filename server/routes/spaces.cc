// /v1/spaces: list, read, create, delete; single vectors of a space.
#include "server/json/request_json.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

asio::awaitable<Response> list_spaces(Exchange& exchange) {
  const std::vector<Space> spaces = exchange.app().database->list_spaces();
  co_return reply([&](JsonWriter* json) {
    json->begin_object().key("spaces").begin_array();
    for (const Space& space : spaces) {
      write_space(space, json);
      json->end_object();
    }
    json->end_array().end_object();
  });
}

asio::awaitable<Response> get_space(Exchange& exchange) {
  const auto space = exchange.app().database->get_space(exchange.parameter(0));
  if (!space.is_ok()) co_return fail(exchange, space.status());
  co_return reply([&](JsonWriter* json) {
    write_space(*space, json);
    json->end_object();
  });
}

asio::awaitable<Response> put_space(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  JsonDocument document;
  const auto root = document.parse(exchange.request().body);
  if (!root.is_ok()) co_return fail(exchange, root.status());
  auto space =
      read_space(*root, JsonPath{}, exchange.parameter(0), exchange.app().database->options().index.quantization);
  if (!space.is_ok()) co_return fail(exchange, space.status());
  std::vector<Mutation> mutations;
  mutations.emplace_back(PutSpace{std::move(*space)});
  co_return co_await write_and_reply(exchange, std::move(mutations));
}

asio::awaitable<Response> delete_space(Exchange& exchange) {
  std::vector<Mutation> mutations;
  mutations.emplace_back(DeleteSpace{exchange.parameter(0)});
  co_return co_await write_and_reply(exchange, std::move(mutations));
}

}  // namespace

void add_space_routes(Router* router) {
  router->add({.verb = Verb::get, .path = "/v1/spaces", .handler = list_spaces, .has_no_query = true});
  router->add({.verb = Verb::get, .path = "/v1/spaces/{name}", .handler = get_space, .has_no_query = true});
  router->add({.verb = Verb::put,
               .path = "/v1/spaces/{name}",
               .scope = Scope::kAdmin,
               .body = BodyMode::kWhole,
               .handler = put_space});
  router->add({.verb = Verb::delete_, .path = "/v1/spaces/{name}", .scope = Scope::kAdmin, .handler = delete_space});
}

}  // namespace tamis::server
