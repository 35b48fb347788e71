// GET /v1/items/{id}/bought_together, POST /v1/bought_together: what goes with an item, or with a whole cart.
#include <limits>

#include "server/json/request_json.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

Status read_cart_query(const Request& request, BoughtTogetherRequest* asked) {
  QueryString query(request.query);
  std::string filter;
  std::string mode;
  const bool has_both = query.has("k") && query.has("n");
  query.read_u32("k", 1, kMaxK, &asked->k)
      .read_u32("n", 1, kMaxK, &asked->k)
      .read_string("mode", &mode)
      .read_bool("features", &asked->with_features)
      .read_u64("min_seq", 0, std::numeric_limits<std::uint64_t>::max(), &asked->min_seq)
      .read_string("filter", &filter);
  TAMIS_RETURN_IF_ERROR(query.finish());
  if (has_both) return Status::invalid_argument("k and n are the same; expected one of them").at_field("n");
  if (!mode.empty()) TAMIS_RETURN_IF_ERROR(read_bought_together_mode(mode, asked));
  return filter.empty() ? Status::ok() : read_filter_parameter(filter, &asked->filter);
}

asio::awaitable<Response> answer_cart(Exchange& exchange, BoughtTogetherRequest request, bool is_of_item) {
  Database* database = exchange.app().database;
  TAMIS_REPLY_IF_ERROR(co_await exchange.await_visible(request.min_seq));
  const bool is_light = database->bought_together_cost_us(request) <= kLightQueryUs;
  std::function<Result<BoughtTogetherAnswer>()> work = [database, request] {
    return database->bought_together(request);
  };
  const auto answer = co_await exchange.query<BoughtTogetherAnswer>(is_light, std::move(work));
  if (!answer.is_ok() && is_of_item && answer.status().field() == "items")
    co_return fail(exchange, Status(answer.status()).at_field("id"));
  if (!answer.is_ok()) co_return fail(exchange, answer.status());
  co_return reply([&](JsonWriter* json) { write_bought_together(request, *answer, json); });
}

asio::awaitable<Response> get_for_item(Exchange& exchange) {
  BoughtTogetherRequest request{.items = {exchange.parameter(0)}};
  TAMIS_REPLY_IF_ERROR(read_cart_query(exchange.request(), &request));
  co_return co_await answer_cart(exchange, std::move(request), /*is_of_item=*/true);
}

asio::awaitable<Response> post_for_cart(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  BoughtTogetherRequest request;
  TAMIS_REPLY_IF_ERROR(read_cart_query(exchange.request(), &request));
  JsonDocument document;
  const auto root = document.parse(exchange.request().body);
  if (!root.is_ok()) co_return fail(exchange, root.status());
  TAMIS_REPLY_IF_ERROR(read_bought_together(*root, JsonPath{}, &request));
  co_return co_await answer_cart(exchange, std::move(request), /*is_of_item=*/false);
}

}  // namespace

void add_bought_together_routes(Router* router) {
  router->add({.verb = Verb::get, .path = "/v1/items/{id}/bought_together", .handler = get_for_item});
  router->add({.verb = Verb::post, .path = "/v1/bought_together", .body = BodyMode::kWhole, .handler = post_for_cart});
}

}  // namespace tamis::server
