// What things are made of, for people who ask why: GET /v1/spaces/{name}/factors,
// POST /v1/spaces/{name}/vectors/users/{id}/parts, POST /v1/users/{id}/recommendations/what-if/{item}. Each costs many
// queries, so they are heavy.
#include "server/json/account_json.h"
#include "server/json/json_reader.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

asio::awaitable<Response> get_factors(Exchange& exchange) {
  SpaceFactorsRequest request{.space = exchange.parameter(0)};
  QueryString query(exchange.request().query);
  query.read_u32("factors", 1, kMaxFactors, &request.factors).read_u32("items", 1, kMaxFactorItems, &request.items);
  TAMIS_REPLY_IF_ERROR(query.finish());
  Database* database = exchange.app().database;
  std::function<Result<SpaceFactors>()> work = [database, request] { return database->find_space_factors(request); };
  const auto factors = co_await exchange.query<SpaceFactors>(/*is_light=*/false, std::move(work));
  if (!factors.is_ok()) co_return fail(exchange, factors.status());
  co_return reply([&](JsonWriter* json) { write_space_factors(*factors, json); });
}

// An empty body asks for all by default.
template <typename Request, typename Read>
Status read_optional_body(const Exchange& exchange, Request* request, const Read& read) {
  QueryString query(exchange.request().query);
  TAMIS_RETURN_IF_ERROR(query.finish());
  if (exchange.request().body.empty()) return Status::ok();
  JsonDocument document;
  TAMIS_ASSIGN_OR_RETURN(const auto root, document.parse(exchange.request().body));
  return read(root, JsonPath{}, request);
}

asio::awaitable<Response> post_parts(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  UserPartsRequest request{.space = exchange.parameter(0), .user = exchange.parameter(1)};
  TAMIS_REPLY_IF_ERROR(read_optional_body(exchange, &request, read_user_parts));
  Database* database = exchange.app().database;
  std::function<Result<UserParts>()> work = [database, request] { return database->user_parts(request); };
  const auto parts = co_await exchange.query<UserParts>(/*is_light=*/false, std::move(work));
  if (!parts.is_ok()) co_return fail(exchange, parts.status());
  co_return reply([&](JsonWriter* json) { write_user_parts(*parts, json); });
}

asio::awaitable<Response> post_what_if(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  RankerAccountRequest asked{.request = {.user = exchange.parameter(0)}, .item = exchange.parameter(1)};
  TAMIS_REPLY_IF_ERROR(read_optional_body(exchange, &asked, read_ranker_account));
  Database* database = exchange.app().database;
  TAMIS_REPLY_IF_ERROR(co_await exchange.await_visible(asked.request.min_seq, asked.request.min_seq_timeout_ms));
  std::function<Result<RankerAccount>()> work = [database, asked] { return database->ranker_account(asked); };
  const auto account = co_await exchange.query<RankerAccount>(/*is_light=*/false, std::move(work));
  if (!account.is_ok()) co_return fail(exchange, account.status());
  co_return reply([&](JsonWriter* json) { write_ranker_account(*account, json); });
}

}  // namespace

void add_account_routes(Router* router) {
  router->add({.verb = Verb::get, .path = "/v1/spaces/{name}/factors", .handler = get_factors});
  router->add({.verb = Verb::post,
               .path = "/v1/spaces/{name}/vectors/users/{id}/parts",
               .body = BodyMode::kWhole,
               .handler = post_parts});
  router->add({.verb = Verb::post,
               .path = "/v1/users/{id}/recommendations/what-if/{item}",
               .body = BodyMode::kWhole,
               .handler = post_what_if});
}

}  // namespace tamis::server
