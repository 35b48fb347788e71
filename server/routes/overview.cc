// GET /v1/spaces/{name}/map, GET /v1/matrix: what people look at to see the whole. Both read much, so workers do them.
#include <limits>

#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

void write_numbers(const std::vector<float>& numbers, JsonWriter* json) {
  json->begin_array();
  for (const float number : numbers) json->value(number);
  json->end_array();
}

// One value to colour by: of a list its first element, of a time its Unix milliseconds.
void write_colour(const FeatureValue& value, JsonWriter* json) {
  if (const auto* flag = std::get_if<bool>(&value)) {
    json->value(*flag);
  } else if (const auto* number = std::get_if<double>(&value)) {
    json->value(*number);
  } else if (const auto* time = std::get_if<Timestamp>(&value)) {
    json->value(time->ms);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    json->value(*text);
  } else if (const auto* list = std::get_if<std::vector<std::string>>(&value); list != nullptr && !list->empty()) {
    json->value(list->front());
  } else {
    json->null();
  }
}

void write_map(const SpaceMap& map, JsonWriter* json) {
  json->begin_object()
      .field("space", map.space)
      .field("generation", map.generation)
      .field("sequence", map.sequence)
      .field("total", map.total)
      .field("method", map.method == MapMethod::kUmap ? "umap" : "pca")
      .field("normalized", map.is_normalized);
  if (!map.pending.empty()) json->field("pending", map.pending);
  json->key("share").begin_array().value(map.share[0]).value(map.share[1]).end_array();
  write_numbers(map.mean, &json->key("mean"));
  json->key("axes").begin_array();
  for (const auto& axis : map.axes) write_numbers(axis, json);
  json->end_array();
  json->key("items").begin_array();
  for (const std::string& item : map.items) json->value(item);
  json->end_array();
  write_numbers(map.x, &json->key("x"));
  write_numbers(map.y, &json->key("y"));
  json->key("popularity").begin_array();
  for (const double popularity : map.popularity) json->value(popularity);
  json->end_array();
  if (!map.value.empty()) {
    json->key("values").begin_array();
    for (std::size_t i = 0; i < map.value.size(); ++i) {
      if (map.has_value[i]) {
        write_colour(map.value[i], json);
      } else {
        json->null();
      }
    }
    json->end_array();
  }
  json->end_object();
}

asio::awaitable<Response> get_map(Exchange& exchange) {
  SpaceMapRequest request{.space = exchange.parameter(0)};
  QueryString query(exchange.request().query);
  std::string method = "pca";
  query.read_string("field", &request.field)
      .read_u32("limit", 1, kMaxMapItems, &request.limit)
      .read_string("method", &method);
  TAMIS_REPLY_IF_ERROR(query.finish());
  if (method != "pca" && method != "umap")
    co_return fail(exchange,
                   Status::invalid_argument("method is \"" + method.substr(0, 64) + "\"; expected pca or umap")
                       .at_field("method"));
  request.method = method == "umap" ? MapMethod::kUmap : MapMethod::kPca;
  Database* database = exchange.app().database;
  // The text of a large map takes a while, too.
  std::function<Result<std::string>()> work = [database, request]() -> Result<std::string> {
    TAMIS_ASSIGN_OR_RETURN(const SpaceMap map, database->map_space(request));
    std::string text;
    JsonWriter json(&text);
    write_map(map, &json);
    return text;
  };
  auto text = co_await exchange.query<std::string>(/*is_light=*/false, std::move(work));
  if (!text.is_ok()) co_return fail(exchange, text.status());
  Response response;
  response.body = std::move(*text);
  co_return response;
}

void write_sample(const MatrixSample& sample, JsonWriter* json) {
  json->begin_object()
      .field("sequence", sample.sequence)
      .field("users", sample.users)
      .field("items", sample.items)
      .field("ranked", sample.ranked)
      .field("density", sample.density);
  json->key("columns").begin_array();
  for (const auto& column : sample.columns) {
    json->begin_object().field("item", column.item).field("rank", column.rank).field("popularity", column.popularity);
    json->end_object();
  }
  json->end_array().key("rows").begin_array();
  for (const auto& row : sample.rows) {
    json->begin_object().field("user", row.user).field("items", row.items).key("columns").begin_array();
    for (const std::uint32_t column : row.columns) json->value(column);
    json->end_array().end_object();
  }
  json->end_array().key("curve").begin_array();
  for (const auto& point : sample.curve) {
    json->begin_object().field("rank", point.rank).field("popularity", point.popularity).field("share", point.share);
    json->end_object();
  }
  json->end_array().end_object();
}

asio::awaitable<Response> get_matrix(Exchange& exchange) {
  constexpr std::uint32_t kMost = std::numeric_limits<std::uint32_t>::max();
  MatrixSampleRequest request;
  QueryString query(exchange.request().query);
  query.read_u32("users", 1, kMaxMatrixSide, &request.users)
      .read_u32("items", 1, kMaxMatrixSide, &request.items)
      .read_u32("first_rank", 1, kMost, &request.first_rank)
      .read_u32("last_rank", 1, kMost, &request.last_rank);
  TAMIS_REPLY_IF_ERROR(query.finish());
  Database* database = exchange.app().database;
  std::function<Result<MatrixSample>()> work = [database, request] { return database->sample_matrix(request); };
  const auto sample = co_await exchange.query<MatrixSample>(/*is_light=*/false, std::move(work));
  if (!sample.is_ok()) co_return fail(exchange, sample.status());
  co_return reply([&](JsonWriter* json) { write_sample(*sample, json); });
}

}  // namespace

void add_overview_routes(Router* router) {
  router->add({.verb = Verb::get, .path = "/v1/spaces/{name}/map", .handler = get_map});
  router->add({.verb = Verb::get, .path = "/v1/matrix", .handler = get_matrix});
}

}  // namespace tamis::server
