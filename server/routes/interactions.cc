// POST /v1/interactions: one object, an array (all or nothing), or an NDJSON stream (line by line). DELETE takes back
// those that the query selects.
#include <charconv>

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

// A time of the query: RFC 3339 or Unix milliseconds.
Status read_time(const std::optional<std::string>& text, std::string_view field, std::optional<TimestampMs>* out) {
  if (!text) return Status::ok();
  TimestampMs ms = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), ms);
  if (error == std::errc() && end == text->data() + text->size()) {
    // Taken as milliseconds, seconds would lie in 1970, and select far more than was meant.
    if (looks_like_seconds(static_cast<double>(ms))) {
      return Status::invalid_argument(std::string(field) + " is " + *text +
                                      "; expected Unix milliseconds (the number looks like seconds; multiply it by " +
                                      "1000) or an RFC 3339 time")
          .at_field(std::string(field));
    }
    *out = ms;
    return Status::ok();
  }
  const auto parsed = parse_rfc3339(*text);
  if (!parsed.is_ok()) {
    return Status::invalid_argument(std::string(field) + " is \"" + text->substr(0, 64) +
                                    "\"; expected an RFC 3339 time with its zone, or Unix milliseconds")
        .at_field(std::string(field));
  }
  *out = *parsed;
  return Status::ok();
}

Result<InteractionSelection> read_selection(const Request& request) {
  InteractionSelection selection;
  std::optional<std::string> from;
  std::optional<std::string> to;
  QueryString query(request.query);
  query.read_string("user", &selection.user)
      .read_string("item", &selection.item)
      .read_string("type", &selection.type)
      .read_string("from", &from)
      .read_string("to", &to)
      .read_string("recommendation_id", &selection.recommendation_id)
      .read_string("idempotency_key", &selection.idempotency_key)
      .read_string("import_id", &selection.import_id);
  TAMIS_RETURN_IF_ERROR(query.finish());
  TAMIS_RETURN_IF_ERROR(read_time(from, "from", &selection.from_ms));
  TAMIS_RETURN_IF_ERROR(read_time(to, "to", &selection.to_ms));
  return selection;
}

asio::awaitable<Response> delete_interactions(Exchange& exchange) {
  auto selection = read_selection(exchange.request());
  if (!selection.is_ok()) co_return fail(exchange, selection.status());
  std::function<Result<WriteAck>()> work = [database = exchange.app().database, chosen = std::move(*selection)] {
    return database->delete_interactions(chosen);
  };
  const auto ack = co_await exchange.offload<WriteAck>(*exchange.app().workers, std::move(work));
  if (!ack.is_ok()) co_return fail(exchange, ack.status());
  co_return reply([&](JsonWriter* json) {
    json->begin_object().field("deleted", ack->affected).field("sequence", ack->sequence).end_object();
  });
}

}  // namespace

void add_interaction_routes(Router* router) {
  router->add({.verb = Verb::post,
               .path = "/v1/interactions",
               .scope = Scope::kWrite,
               .body = BodyMode::kHandler,
               .handler = post_interactions});
  router->add({.verb = Verb::delete_,
               .path = "/v1/interactions",
               .scope = Scope::kWrite,
               .handler = delete_interactions,
               .takes_long = true});
}

}  // namespace tamis::server
