// POST /v1/users/{id}/merge: an anonymous session turns out to be a user.
#include <array>

#include "server/json/json_reader.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

Result<std::string> read_session(const Request& request) {
  static constexpr std::array<std::string_view, 1> kFields = {"session"};
  JsonDocument document;
  TAMIS_ASSIGN_OR_RETURN(const auto root, document.parse(request.body));
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(root, JsonPath{}));
  std::string session;
  const JsonPath root_path{};
  TAMIS_RETURN_IF_ERROR(read_fields(object, kFields, root_path, [&](std::size_t, simdjson::dom::element entry) {
    return read_string(entry, JsonPath{.parent = &root_path, .name = kFields[0]}, kMaxExternalIdBytes, &session);
  }));
  if (session.empty()) return refuse_missing_field("session", root_path);
  return session;
}

asio::awaitable<Response> merge_session(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  QueryString query(exchange.request().query);
  TAMIS_REPLY_IF_ERROR(query.finish());
  auto session = read_session(exchange.request());
  if (!session.is_ok()) co_return fail(exchange, session.status());
  Database* database = exchange.app().database;
  std::function<Result<WriteAck>()> work = [database, user = exchange.parameter(0), from = std::move(*session)] {
    return database->merge_user(user, from);
  };
  const auto ack = co_await exchange.offload<WriteAck>(*exchange.app().workers, std::move(work));
  if (!ack.is_ok()) co_return fail(exchange, ack.status());
  co_return reply_ack(*ack);
}

}  // namespace

void add_session_routes(Router* router) {
  router->add({.verb = Verb::post,
               .path = "/v1/users/{id}/merge",
               .scope = Scope::kWrite,
               .body = BodyMode::kWhole,
               .handler = merge_session});
}

}  // namespace tamis::server
