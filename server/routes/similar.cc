// GET /v1/items/{id}/similar, GET /v1/users/{id}/similar, POST /v1/search.
#include <limits>

#include "server/json/request_json.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

Status read_query(const Request& request, SimilarRequest* similar) {
  QueryString query(request.query);
  std::string filter;
  query.read_u32("k", 1, kMaxK, &similar->k)
      .read_string("space", &similar->space)
      .read_bool("features", &similar->with_features)
      .read_u64("min_seq", 0, std::numeric_limits<std::uint64_t>::max(), &similar->min_seq)
      .read_string("filter", &filter);
  TAMIS_RETURN_IF_ERROR(query.finish());
  return filter.empty() ? Status::ok() : read_filter_parameter(filter, &similar->filter);
}

bool names_funnel(const Request& request) {
  std::optional<std::string> funnel;
  QueryString(request.query).read_string("funnel", &funnel);
  return funnel.has_value();
}

template <EntityKind kKind>
asio::awaitable<Response> get_similar(Exchange& exchange) {
  if (kKind == EntityKind::kItem && names_funnel(exchange.request()))
    co_return co_await recommend_around_item(exchange);
  SimilarRequest request{.kind = kKind, .id = exchange.parameter(0)};
  TAMIS_REPLY_IF_ERROR(read_query(exchange.request(), &request));
  Database* database = exchange.app().database;
  TAMIS_REPLY_IF_ERROR(co_await exchange.await_visible(request.min_seq));
  const bool is_light = database->similar_cost_us(request) <= kLightQueryUs;
  std::function<Result<ScoredAnswer>()> work = [database, request] { return database->similar(request); };
  const auto answer = co_await exchange.query<ScoredAnswer>(is_light, std::move(work));
  if (!answer.is_ok()) co_return fail(exchange, answer.status());
  co_return reply([&](JsonWriter* json) { write_scored(*answer, kKind, kKind, request.id, json); });
}

asio::awaitable<Response> post_search(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  const auto request = read_json_body(exchange.request(), read_search);
  if (!request.is_ok()) co_return fail(exchange, request.status());

  TAMIS_REPLY_IF_ERROR(co_await exchange.await_visible(request->min_seq));
  Database* database = exchange.app().database;
  const bool is_light = request->text.empty() &&  // a text may be a model server's to embed
                        database->search_cost_us(*request) <= kLightQueryUs;
  std::function<Result<ScoredAnswer>()> work = [database, copy = *request] { return database->search(copy); };
  const auto answer = co_await exchange.query<ScoredAnswer>(is_light, std::move(work));
  if (!answer.is_ok()) co_return fail(exchange, answer.status());
  const auto* id = request->text.empty() ? std::get_if<std::string>(&request->query) : nullptr;
  co_return reply([&](JsonWriter* json) {
    write_scored(*answer, request->kind, request->query_kind, id == nullptr ? std::string_view() : *id, json);
  });
}

}  // namespace

void add_similar_routes(Router* router) {
  router->add({.verb = Verb::get, .path = "/v1/items/{id}/similar", .handler = get_similar<EntityKind::kItem>});
  router->add({.verb = Verb::get, .path = "/v1/users/{id}/similar", .handler = get_similar<EntityKind::kUser>});
  router->add({.verb = Verb::post, .path = "/v1/search", .body = BodyMode::kWhole, .handler = post_search});
}

}  // namespace tamis::server
