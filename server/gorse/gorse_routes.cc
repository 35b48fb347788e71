#include "server/gorse/gorse_routes.h"

#include <algorithm>
#include <limits>

#include "server/gorse/gorse_json.h"
#include "server/routes/reply.h"

namespace tamis::server {
namespace {

constexpr std::uint32_t kGorseDefaultN = 10;
constexpr std::uint32_t kGorseMaxPage = 1'000;

Response reply_rows_affected(std::uint64_t rows) {
  return reply([&](JsonWriter* json) { json->begin_object().field("RowAffected", rows).end_object(); });
}

asio::awaitable<Response> gorse_write(Exchange& exchange, std::vector<Mutation> mutations) {
  const std::size_t rows = mutations.size();
  if (rows == 0) co_return reply_rows_affected(0);
  const auto ack = co_await exchange.write(std::move(mutations), {});
  if (!ack.is_ok()) co_return fail(exchange, ack.status());
  co_return reply_rows_affected(rows);
}

// One record, or with `is_list` a list of them, all or nothing.
template <typename Read>
asio::awaitable<Response> gorse_insert(Exchange& exchange, bool is_list, Read read) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  JsonDocument document;
  const auto root = document.parse(exchange.request().body);
  if (!root.is_ok()) co_return fail(exchange, root.status());
  std::vector<Mutation> mutations;
  if (!is_list) {
    auto one = read(*root, JsonPath{});
    if (!one.is_ok()) co_return fail(exchange, one.status());
    mutations.emplace_back(std::move(*one));
    co_return co_await gorse_write(exchange, std::move(mutations));
  }
  const auto list = read_array(*root, JsonPath{});
  if (!list.is_ok()) co_return fail(exchange, list.status());
  std::size_t index = 0;
  for (const auto element : *list) {
    const JsonPath top{};
    auto one = read(element, JsonPath{.parent = &top, .index = index++});
    if (!one.is_ok()) co_return fail(exchange, one.status());
    mutations.emplace_back(std::move(*one));
  }
  co_return co_await gorse_write(exchange, std::move(mutations));
}

// --- feedback ---

asio::awaitable<Response> gorse_post_feedback(Exchange& exchange) {
  co_return co_await gorse_insert(exchange, true,
                                  [](simdjson::dom::element value, const JsonPath& path) -> Result<PutInteraction> {
                                    auto read = read_gorse_feedback(value, path, /*needs_user=*/true);
                                    if (!read.is_ok()) return read.status();
                                    return PutInteraction{std::move(*read)};
                                  });
}

asio::awaitable<Response> gorse_delete_selection(Exchange& exchange, InteractionSelection selection) {
  std::function<Result<WriteAck>()> work = [database = exchange.app().database, chosen = std::move(selection)] {
    return database->delete_interactions(chosen);
  };
  const auto ack = co_await exchange.offload<WriteAck>(*exchange.app().workers, std::move(work));
  if (!ack.is_ok()) co_return fail(exchange, ack.status());
  co_return reply_rows_affected(ack->affected);
}

asio::awaitable<Response> gorse_delete_feedback(Exchange& exchange) {
  InteractionSelection selection{.user = exchange.parameter(0), .item = exchange.parameter(1)};
  co_return co_await gorse_delete_selection(exchange, std::move(selection));
}

asio::awaitable<Response> gorse_delete_typed_feedback(Exchange& exchange) {
  InteractionSelection selection{
      .user = exchange.parameter(1), .item = exchange.parameter(2), .type = exchange.parameter(0)};
  co_return co_await gorse_delete_selection(exchange, std::move(selection));
}

// All feedback of a user or an item, newest first; with a type, that alone.
template <EntityKind kKind, bool kTyped>
asio::awaitable<Response> gorse_list_feedback(Exchange& exchange) {
  const std::string type = kTyped ? exchange.parameter(1) : std::string();
  std::function<Result<std::string>()> work = [database = exchange.app().database, id = exchange.parameter(0),
                                               type]() -> Result<std::string> {
    std::string body;
    JsonWriter json(&body);
    json.begin_array();
    std::string cursor;
    do {
      TAMIS_RETURN_IF_ERROR(check_cancelled());
      TAMIS_ASSIGN_OR_RETURN(const auto page, database->list_interactions(kKind, id, cursor, kGorseMaxPage));
      for (const InteractionRow& row : page.rows) {
        if (type.empty() || row.interaction.type == type) write_gorse_feedback(row.interaction, &json);
      }
      cursor = page.cursor;
    } while (!cursor.empty());
    json.end_array();
    return body;
  };
  auto body = co_await exchange.offload<std::string>(*exchange.app().workers, std::move(work));
  if (!body.is_ok()) co_return fail(exchange, body.status());
  Response response;
  response.body = std::move(*body);
  co_return response;
}

// --- users and items ---

template <EntityKind kKind, bool kIsList>
asio::awaitable<Response> gorse_post_entities(Exchange& exchange) {
  co_return co_await gorse_insert(exchange, kIsList,
                                  [](simdjson::dom::element value, const JsonPath& path) -> Result<PutEntity> {
                                    auto read = read_gorse_entity(value, path, kKind);
                                    if (!read.is_ok()) return read.status();
                                    return PutEntity{kKind, std::move(*read)};
                                  });
}

template <EntityKind kKind>
asio::awaitable<Response> gorse_patch_entity(Exchange& exchange) {
  co_return co_await gorse_insert(exchange, false,
                                  [&](simdjson::dom::element value, const JsonPath& path) -> Result<PatchEntity> {
                                    return read_gorse_patch(value, path, kKind, exchange.parameter(0));
                                  });
}

template <EntityKind kKind>
asio::awaitable<Response> gorse_get_entity(Exchange& exchange) {
  const auto entity = exchange.app().database->get_entity(kKind, exchange.parameter(0));
  if (!entity.is_ok()) co_return fail(exchange, entity.status());
  co_return reply([&](JsonWriter* json) { write_gorse_entity(*entity, kKind, json); });
}

template <EntityKind kKind>
asio::awaitable<Response> gorse_list_entities(Exchange& exchange) {
  QueryString query(exchange.request().query);
  std::uint32_t n = kGorseDefaultN;
  std::string cursor;
  query.read_u32("n", 1, std::numeric_limits<std::uint32_t>::max(), &n).read_string("cursor", &cursor);
  TAMIS_REPLY_IF_ERROR(query.finish());
  const auto page = exchange.app().database->list_entities(kKind, cursor, std::min(n, kGorseMaxPage));
  if (!page.is_ok()) co_return fail(exchange, page.status());
  co_return reply([&](JsonWriter* json) {
    json->begin_object().field("Cursor", page->cursor).key(kKind == EntityKind::kItem ? "Items" : "Users");
    json->begin_array();
    for (const Entity& entity : page->rows) write_gorse_entity(entity, kKind, json);
    json->end_array().end_object();
  });
}

asio::awaitable<Response> gorse_delete_item(Exchange& exchange) {
  std::vector<Mutation> mutations;
  mutations.emplace_back(DeleteEntity{EntityKind::kItem, exchange.parameter(0)});
  co_return co_await gorse_write(exchange, std::move(mutations));
}

asio::awaitable<Response> gorse_delete_user(Exchange& exchange) {
  std::function<Result<DeletedUser>()> work = [database = exchange.app().database, user = exchange.parameter(0)] {
    return database->delete_user(user, false, {});
  };
  const auto deleted = co_await exchange.offload<DeletedUser>(*exchange.app().workers, std::move(work));
  if (!deleted.is_ok()) co_return fail(exchange, deleted.status());
  co_return reply_rows_affected(1);
}

// --- lists ---

struct GorseListQuery {
  std::uint32_t n = kGorseDefaultN;
  std::uint32_t offset = 0;
  std::string user;  // of lists that are for nobody: what this user has seen is left out
};

Result<GorseListQuery> read_gorse_list_query(const Request& request, bool takes_user) {
  QueryString query(request.query);
  GorseListQuery read;
  std::optional<std::string> write_back;
  query.read_u32("n", 1, kMaxK, &read.n).read_u32("offset", 0, kMaxK, &read.offset);
  if (takes_user) query.read_string("user-id", &read.user);
  query.read_string("write-back-type", &write_back).read_string("write-back-delay", &write_back);
  TAMIS_RETURN_IF_ERROR(query.finish());
  if (write_back) {
    return Status::invalid_argument(
               "write-back is not supported; Tamis counts what it serves: the rules rotation and seen of a funnel")
        .at_field("write-back-type");
  }
  if (read.n + read.offset > kMaxK) {
    return Status::invalid_argument("n and offset make " + std::to_string(read.n + read.offset) +
                                    "; expected at most " + std::to_string(kMaxK))
        .at_field("offset");
  }
  return read;
}

// The items that have a category, which is the last parameter of the path; all where it is empty.
Filter gorse_category_filter(const std::string& category) {
  if (category.empty()) return {};
  return {.op = Filter::Op::kEqual, .children = {}, .field = "categories", .values = {FeatureValue(category)}};
}

template <typename Item, typename Id>
Response reply_scores(const std::vector<Item>& items, std::uint32_t offset, bool with_scores, Id id) {
  return reply([&](JsonWriter* json) {
    json->begin_array();
    for (std::size_t i = offset; i < items.size(); ++i) {
      if (with_scores) {
        json->begin_object().field("Id", id(items[i])).field("Score", items[i].score).end_object();
      } else {
        json->value(id(items[i]));
      }
    }
    json->end_array();
  });
}

asio::awaitable<Response> gorse_answer(Exchange& exchange, RecommendRequest request, std::uint32_t offset,
                                       bool with_scores) {
  const auto answer = co_await recommend(exchange, std::move(request));
  if (!answer.is_ok()) co_return fail(exchange, answer.status());
  co_return reply_scores(answer->items, offset, with_scores, [](const RecommendedItem& one) { return one.item; });
}

// Ids alone or, as clients ask since Gorse 0.5, with scores.
template <bool kHasCategory>
asio::awaitable<Response> gorse_recommend(Exchange& exchange) {
  const auto query = read_gorse_list_query(exchange.request(), false);
  if (!query.is_ok()) co_return fail(exchange, query.status());
  RecommendRequest request{.user = exchange.parameter(0), .k = query->n + query->offset};
  request.filter = gorse_category_filter(kHasCategory ? exchange.parameter(1) : "");
  const bool with_scores = exchange.request().api_version == "2";
  co_return co_await gorse_answer(exchange, std::move(request), query->offset, with_scores);
}

template <bool kHasCategory>
asio::awaitable<Response> gorse_recommend_session(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  const auto query = read_gorse_list_query(exchange.request(), false);
  if (!query.is_ok()) co_return fail(exchange, query.status());
  JsonDocument document;
  const auto root = document.parse(exchange.request().body);
  if (!root.is_ok()) co_return fail(exchange, root.status());
  const auto list = read_array(*root, JsonPath{});
  if (!list.is_ok()) co_return fail(exchange, list.status());
  RecommendRequest request{.k = query->n + query->offset};
  request.filter = gorse_category_filter(kHasCategory ? exchange.parameter(0) : "");
  for (const auto element : *list) {
    auto one = read_gorse_feedback(element, JsonPath{}, /*needs_user=*/false);
    if (!one.is_ok()) co_return fail(exchange, one.status());
    request.history.push_back({std::move(one->item), std::move(one->type), one->value, one->timestamp_ms});
  }
  co_return co_await gorse_answer(exchange, std::move(request), query->offset, true);
}

template <bool kHasCategory>
asio::awaitable<Response> gorse_list_of(Exchange& exchange, const char* retriever) {
  const auto query = read_gorse_list_query(exchange.request(), true);
  if (!query.is_ok()) co_return fail(exchange, query.status());
  RecommendRequest request{.user = query->user, .k = query->n + query->offset};
  request.filter = gorse_category_filter(kHasCategory ? exchange.parameter(0) : "");
  request.dry_run = true;  // a list for nobody is no impression
  FunnelConfig& funnel = request.override_funnel.emplace();
  funnel.retrievers = {RetrieverConfig{.kind = retriever, .quota = request.k, .space = {}}};
  funnel.fallback = {};
  co_return co_await gorse_answer(exchange, std::move(request), query->offset, true);
}

template <bool kHasCategory>
asio::awaitable<Response> gorse_popular(Exchange& exchange) {
  co_return co_await gorse_list_of<kHasCategory>(exchange, "popular");
}

template <bool kHasCategory>
asio::awaitable<Response> gorse_latest(Exchange& exchange) {
  co_return co_await gorse_list_of<kHasCategory>(exchange, "latest");
}

template <EntityKind kKind, bool kHasCategory>
asio::awaitable<Response> gorse_neighbors(Exchange& exchange) {
  const auto query = read_gorse_list_query(exchange.request(), false);
  if (!query.is_ok()) co_return fail(exchange, query.status());
  SimilarRequest request{.kind = kKind, .id = exchange.parameter(0), .k = query->n + query->offset};
  request.filter = gorse_category_filter(kHasCategory ? exchange.parameter(1) : "");
  Database* database = exchange.app().database;
  const bool is_light = database->similar_cost_us(request) <= kLightQueryUs;
  std::function<Result<ScoredAnswer>()> work = [database, request] { return database->similar(request); };
  const auto answer = co_await exchange.query<ScoredAnswer>(is_light, std::move(work));
  if (!answer.is_ok()) co_return fail(exchange, answer.status());
  co_return reply_scores(answer->items, query->offset, true, [](const ScoredEntity& one) { return one.id; });
}

void add_gorse_lists(Router* router) {
  const auto add = [&](const std::string& path, Handler handler) {
    router->add({.verb = Verb::get, .path = path, .handler = handler});
  };
  add("/api/recommend/{user}", gorse_recommend<false>);
  add("/api/recommend/{user}/", gorse_recommend<false>);  // as clients ask for no category
  add("/api/recommend/{user}/{category}", gorse_recommend<true>);
  for (const char* path : {"/api/session/recommend", "/api/session/recommend/{category}"}) {
    router->add({.verb = Verb::post,
                 .path = path,
                 .body = BodyMode::kWhole,
                 .handler = std::string_view(path).ends_with('}') ? gorse_recommend_session<true>
                                                                  : gorse_recommend_session<false>});
  }
  add("/api/popular", gorse_popular<false>);
  add("/api/popular/{category}", gorse_popular<true>);
  add("/api/latest", gorse_latest<false>);
  add("/api/latest/{category}", gorse_latest<true>);
  add("/api/item/{id}/neighbors", gorse_neighbors<EntityKind::kItem, false>);
  add("/api/item/{id}/neighbors/{category}", gorse_neighbors<EntityKind::kItem, true>);
  add("/api/user/{id}/neighbors", gorse_neighbors<EntityKind::kUser, false>);
}

template <EntityKind kKind>
void add_gorse_kind(Router* router, const std::string& one, const std::string& many) {
  const std::string by_id = one + "/{id}";
  const auto write = [&](Verb verb, const std::string& path, Handler handler) {
    router->add({.verb = verb, .path = path, .scope = Scope::kWrite, .body = BodyMode::kWhole, .handler = handler});
  };
  write(Verb::post, one, gorse_post_entities<kKind, false>);
  write(Verb::post, many, gorse_post_entities<kKind, true>);
  write(Verb::patch, by_id, gorse_patch_entity<kKind>);
  router->add({.verb = Verb::get, .path = by_id, .handler = gorse_get_entity<kKind>});
  router->add({.verb = Verb::get, .path = many, .handler = gorse_list_entities<kKind>});
  router->add({.verb = Verb::delete_,
               .path = by_id,
               .scope = Scope::kWrite,
               .handler = kKind == EntityKind::kUser ? gorse_delete_user : gorse_delete_item});
  router->add({.verb = Verb::get, .path = by_id + "/feedback", .handler = gorse_list_feedback<kKind, false>});
  router->add({.verb = Verb::get, .path = by_id + "/feedback/{type}", .handler = gorse_list_feedback<kKind, true>});
}

}  // namespace

void add_gorse_routes(Router* router) {
  for (const Verb verb : {Verb::post, Verb::put}) {
    router->add({.verb = verb,
                 .path = "/api/feedback",
                 .scope = Scope::kWrite,
                 .body = BodyMode::kWhole,
                 .handler = gorse_post_feedback});
  }
  router->add({.verb = Verb::delete_,
               .path = "/api/feedback/{user}/{item}",
               .scope = Scope::kWrite,
               .handler = gorse_delete_feedback});
  router->add({.verb = Verb::delete_,
               .path = "/api/feedback/{type}/{user}/{item}",
               .scope = Scope::kWrite,
               .handler = gorse_delete_typed_feedback});
  add_gorse_kind<EntityKind::kItem>(router, "/api/item", "/api/items");
  add_gorse_kind<EntityKind::kUser>(router, "/api/user", "/api/users");
  add_gorse_lists(router);
}

}  // namespace tamis::server
