// /v1/spaces/{name}/vectors: a stream of updates, as NDJSON or packed; single vectors by item or user.
#include "server/bulk/bulk_ingest.h"
#include "server/bulk/packed_vector_decoder.h"
#include "server/json/mutation_json.h"
#include "server/routes/bulk_body.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

asio::awaitable<Response> post_vectors(Exchange& exchange) {
  const std::string space = exchange.parameter(0);
  Database* database = exchange.app().database;
  if (const auto found = database->get_space(space); !found.is_ok()) co_return fail(exchange, found.status());
  if (exchange.request().content_type != PackedVectorDecoder::kContentType) {
    ReadRecord read = [space](simdjson::dom::element value, const JsonPath& path) {
      return read_vector_line(value, path, space);
    };
    co_return co_await take_bulk_body(exchange, std::move(read));
  }
  QueryString query(exchange.request().query);
  const auto options = read_write_options(&query);
  if (!options.is_ok()) co_return fail(exchange, options.status());
  auto decoder = std::make_unique<PackedVectorDecoder>(
      space, [database](Mutation* mutation) { return database->prepare(mutation); });
  co_return co_await ingest_stream(exchange, std::move(decoder), *options);
}

template <EntityKind kKind>
asio::awaitable<Response> get_vector(Exchange& exchange) {
  const auto vector = exchange.app().database->get_vector(exchange.parameter(0), kKind, exchange.parameter(1));
  if (!vector.is_ok()) co_return fail(exchange, vector.status());
  co_return reply([&](JsonWriter* json) {
    json->begin_object().field(kind_name(kKind), exchange.parameter(1));
    if (vector->version != 0) json->field("version", vector->version);
    json->key("vector").begin_array();
    for (const float number : vector->vector) json->value(number);
    json->end_array().end_object();
  });
}

template <EntityKind kKind>
asio::awaitable<Response> delete_vector(Exchange& exchange) {
  std::vector<Mutation> mutations;
  mutations.emplace_back(DeleteVector{exchange.parameter(0), kKind, exchange.parameter(1)});
  co_return co_await write_and_reply(exchange, std::move(mutations));
}

template <EntityKind kKind>
void add_kind(Router* router) {
  const std::string path = "/v1/spaces/{name}/vectors/" + std::string(kinds_name(kKind)) + "/{id}";
  router->add({.verb = Verb::get, .path = path, .handler = get_vector<kKind>, .has_no_query = true});
  router->add({.verb = Verb::delete_, .path = path, .scope = Scope::kWrite, .handler = delete_vector<kKind>});
}

}  // namespace

void add_vector_routes(Router* router) {
  router->add({.verb = Verb::post,
               .path = "/v1/spaces/{name}/vectors",
               .scope = Scope::kWrite,
               .body = BodyMode::kHandler,
               .handler = post_vectors});
  add_kind<EntityKind::kItem>(router);
  add_kind<EntityKind::kUser>(router);
}

}  // namespace tamis::server
