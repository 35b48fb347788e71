// /v1/items and /v1/users: create, replace, patch, read, delete, list; in bulk replace and patch; their interactions.
#include "server/json/mutation_json.h"
#include "server/routes/bulk_body.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

TimestampMs now_ms(Exchange& exchange) { return exchange.app().database->options().clock->now_ms(); }

template <EntityKind kKind>
asio::awaitable<Response> put_one(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  JsonDocument document;
  const auto root = document.parse(exchange.request().body);
  if (!root.is_ok()) co_return fail(exchange, root.status());
  auto put = read_entity(*root, JsonPath{}, kKind, exchange.parameter(0), now_ms(exchange));
  if (!put.is_ok()) co_return fail(exchange, put.status());
  std::vector<Mutation> mutations;
  mutations.emplace_back(std::move(*put));
  co_return co_await write_and_reply(exchange, std::move(mutations));
}

template <EntityKind kKind>
asio::awaitable<Response> patch_one(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  JsonDocument document;
  const auto root = document.parse(exchange.request().body);
  if (!root.is_ok()) co_return fail(exchange, root.status());
  auto patch = read_patch(*root, JsonPath{}, kKind, exchange.parameter(0), now_ms(exchange));
  if (!patch.is_ok()) co_return fail(exchange, patch.status());
  std::vector<Mutation> mutations;
  mutations.emplace_back(std::move(*patch));
  co_return co_await write_and_reply(exchange, std::move(mutations));
}

asio::awaitable<Response> delete_item(Exchange& exchange) {
  std::vector<Mutation> mutations;
  mutations.emplace_back(DeleteEntity{EntityKind::kItem, exchange.parameter(0)});
  co_return co_await write_and_reply(exchange, std::move(mutations));
}

// {"accepted","duplicates","sequence","interactions","erasure":{"erased_by","snapshots":[{"path","made_at","sequence"}]}}
void write_deleted_user(const DeletedUser& deleted, JsonWriter* json) {
  write_ack(deleted.ack, json);
  json->field("interactions", deleted.ack.affected);
  if (deleted.erased) {
    json->key("erasure").begin_object().key("erased_by").time(deleted.erased_by_ms).key("snapshots").begin_array();
    for (const MadeSnapshot& snapshot : deleted.snapshots) {
      json->begin_object().field("path", snapshot.path).key("made_at").time(snapshot.made_ms);
      json->field("sequence", snapshot.sequence).end_object();
    }
    json->end_array().end_object();
  }
  json->end_object();
}

asio::awaitable<Response> delete_user(Exchange& exchange) {
  bool keep_log = false;
  QueryString query(exchange.request().query);
  query.read_bool("keep_log", &keep_log);
  const auto options = read_write_options(&query);
  if (!options.is_ok()) co_return fail(exchange, options.status());
  std::function<Result<DeletedUser>()> work = [database = exchange.app().database, user = exchange.parameter(0),
                                               keep_log, chosen = *options] {
    return database->delete_user(user, keep_log, chosen);
  };
  const auto deleted = co_await exchange.offload<DeletedUser>(*exchange.app().workers, std::move(work));
  if (!deleted.is_ok()) co_return fail(exchange, deleted.status());
  co_return reply([&](JsonWriter* json) { write_deleted_user(*deleted, json); });
}

template <EntityKind kKind>
asio::awaitable<Response> get_one(Exchange& exchange) {
  QueryString query(exchange.request().query);
  TAMIS_REPLY_IF_ERROR(query.finish());
  const auto entity = exchange.app().database->get_entity(kKind, exchange.parameter(0));
  if (!entity.is_ok()) co_return fail(exchange, entity.status());
  co_return reply([&](JsonWriter* json) { write_entity(*entity, json); });
}

template <EntityKind kKind>
asio::awaitable<Response> patch_many(Exchange& exchange) {
  const Clock* clock = exchange.app().database->options().clock;
  ReadRecord read = [clock](simdjson::dom::element value, const JsonPath& path) -> Result<Mutation> {
    auto patch = read_patch(value, path, kKind, {}, clock->now_ms());
    if (!patch.is_ok()) return patch.status();
    return Mutation(std::move(*patch));
  };
  co_return co_await take_bulk_body(exchange, std::move(read));
}

template <EntityKind kKind>
asio::awaitable<Response> post_many(Exchange& exchange) {
  const Clock* clock = exchange.app().database->options().clock;
  ReadRecord read = [clock](simdjson::dom::element value, const JsonPath& path) -> Result<Mutation> {
    auto put = read_entity(value, path, kKind, {}, clock->now_ms());
    if (!put.is_ok()) return put.status();
    return Mutation(std::move(*put));
  };
  co_return co_await take_bulk_body(exchange, std::move(read));
}

struct PageQuery {
  std::string cursor;
  std::uint32_t limit = 100;
};

Result<PageQuery> read_page_query(const Request& request) {
  QueryString query(request.query);
  PageQuery page;
  query.read_string("cursor", &page.cursor).read_u32("limit", 1, 1'000, &page.limit);
  TAMIS_RETURN_IF_ERROR(query.finish());
  return page;
}

void write_cursor(const std::string& cursor, JsonWriter* json) {
  json->key("cursor");
  if (cursor.empty()) {
    json->null();
  } else {
    json->value(cursor);
  }
}

template <EntityKind kKind>
asio::awaitable<Response> list(Exchange& exchange) {
  const auto query = read_page_query(exchange.request());
  if (!query.is_ok()) co_return fail(exchange, query.status());
  const auto page = exchange.app().database->list_entities(kKind, query->cursor, query->limit);
  if (!page.is_ok()) co_return fail(exchange, page.status());
  co_return reply([&](JsonWriter* json) {
    json->begin_object().key(kinds_name(kKind)).begin_array();
    for (const Entity& entity : page->rows) write_entity(entity, json);
    json->end_array();
    write_cursor(page->cursor, json);
    json->end_object();
  });
}

template <EntityKind kKind>
asio::awaitable<Response> list_interactions(Exchange& exchange) {
  const auto query = read_page_query(exchange.request());
  if (!query.is_ok()) co_return fail(exchange, query.status());
  const auto page =
      exchange.app().database->list_interactions(kKind, exchange.parameter(0), query->cursor, query->limit);
  if (!page.is_ok()) co_return fail(exchange, page.status());
  co_return reply([&](JsonWriter* json) {
    json->begin_object().key("interactions").begin_array();
    for (const InteractionRow& row : page->rows) {
      write_interaction(row.interaction, json);
      json->field("sequence", row.sequence).end_object();
    }
    json->end_array();
    write_cursor(page->cursor, json);
    json->end_object();
  });
}

template <EntityKind kKind>
void add_kind(Router* router, const std::string& base) {
  const std::string one = base + "/{id}";
  router->add({.verb = Verb::get, .path = base, .handler = list<kKind>});
  router->add({.verb = Verb::post,
               .path = base,
               .scope = Scope::kWrite,
               .body = BodyMode::kHandler,
               .handler = post_many<kKind>});
  router->add({.verb = Verb::patch,
               .path = base,
               .scope = Scope::kWrite,
               .body = BodyMode::kHandler,
               .handler = patch_many<kKind>});
  router->add({.verb = Verb::get, .path = one, .handler = get_one<kKind>});
  router->add(
      {.verb = Verb::put, .path = one, .scope = Scope::kWrite, .body = BodyMode::kWhole, .handler = put_one<kKind>});
  router->add({.verb = Verb::patch,
               .path = one,
               .scope = Scope::kWrite,
               .body = BodyMode::kWhole,
               .handler = patch_one<kKind>});
  router->add({.verb = Verb::delete_,
               .path = one,
               .scope = Scope::kWrite,
               .handler = kKind == EntityKind::kUser ? delete_user : delete_item});
  router->add({.verb = Verb::get, .path = one + "/interactions", .handler = list_interactions<kKind>});
}

}  // namespace

void add_entity_routes(Router* router) {
  add_kind<EntityKind::kItem>(router, "/v1/items");
  add_kind<EntityKind::kUser>(router, "/v1/users");
}

}  // namespace tamis::server
