// GET /v1/log?from=&limit=: the change feed.
#include <limits>

#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

asio::awaitable<Response> get_log(Exchange& exchange) {
  std::uint64_t from = 1;
  std::uint32_t limit = 1'000;
  QueryString query(exchange.request().query);
  query.read_u64("from", 0, std::numeric_limits<std::uint64_t>::max(), &from).read_u32("limit", 1, 10'000, &limit);
  TAMIS_REPLY_IF_ERROR(query.finish());
  Database* database = exchange.app().database;
  std::function<Result<std::string>()> work = [database, from, limit]() -> Result<std::string> {
    TAMIS_ASSIGN_OR_RETURN(const std::vector<LogEntry> entries, database->read_log(from, limit));
    std::string body;
    JsonWriter json(&body);
    json.begin_object().key("entries").begin_array();
    TAMIS_RETURN_IF_ERROR(check_cancelled());
    for (const LogEntry& entry : entries) write_log_entry(entry, &json);
    json.end_array().field("next", entries.empty() ? from : entries.back().sequence + 1).end_object();
    return body;
  };
  auto body = co_await exchange.query<std::string>(/*is_light=*/false, std::move(work));
  if (!body.is_ok()) co_return fail(exchange, body.status());
  Response response;
  response.body = std::move(*body);
  co_return response;
}

}  // namespace

// The log holds everything that was ever written, so it takes more than leave to read.
void add_log_routes(Router* router) {
  router->add({.verb = Verb::get, .path = "/v1/log", .scope = Scope::kAdmin, .handler = get_log});
}

}  // namespace tamis::server
