// POST /v1/interactions: one object, an array (all or nothing), or an NDJSON stream (line by line).
#include "server/bulk/bulk_ingest.h"
#include "server/bulk/ndjson_decoder.h"
#include "server/json/mutation_json.h"
#include "server/routes/bulk_body.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

asio::awaitable<Response> post_interactions(Exchange& exchange) {
  ReadRecord read = [](simdjson::dom::element value, const JsonPath& path) -> Result<Mutation> {
    auto put = read_interaction(value, path);
    if (!put.is_ok()) return put.status();
    return Mutation(std::move(*put));
  };
  co_return co_await take_bulk_body(exchange, std::move(read));
}

}  // namespace

void add_interaction_routes(Router* router) {
  router->add({.verb = Verb::post,
               .path = "/v1/interactions",
               .scope = Scope::kWrite,
               .body = BodyMode::kHandler,
               .handler = post_interactions});
}

}  // namespace tamis::server
