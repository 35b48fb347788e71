// Recommendations: of one user by GET or POST, of an anonymous session or of several users by POST /v1/recommendations.
#include <array>
#include <cstdio>
#include <limits>

#include "server/json/request_json.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

constexpr std::uint64_t kMaxSequence = std::numeric_limits<std::uint64_t>::max();

// What the query and the body say together.
Status check_request(RecommendRequest* request) {
  request->with_cursor = request->with_cursor || !request->cursor.empty();
  if (request->as_of_sequence) return Status::ok();
  const bool names_answer = !request->recommendation_id.empty();
  if (!names_answer && request->generation.empty()) return Status::ok();
  return Status::invalid_argument(
             "this is of a past answer, which needs its sequence too; expected as_of_sequence beside it")
      .at_field(names_answer ? "recommendation_id" : "generation");
}

Status read_query(const Request& request, RecommendRequest* recommend) {
  QueryString query(request.query);
  std::string filter;
  std::optional<std::string> as_of;
  std::uint64_t as_of_sequence = 0;
  const bool names_sequence = query.has("as_of_sequence");
  query.read_u32("k", 1, kMaxK, &recommend->k)
      .read_string("funnel", &recommend->funnel)
      .read_string("surface", &recommend->surface)
      .read_bool("dry_run", &recommend->dry_run)
      .read_bool("paged", &recommend->with_cursor)
      .read_string("cursor", &recommend->cursor)
      .read_string("as_of", &as_of)
      .read_u64("as_of_sequence", 0, kMaxSequence, &as_of_sequence)
      .read_string("generation", &recommend->generation)
      .read_string("recommendation_id", &recommend->recommendation_id)
      .read_bool("explain", &recommend->explain)
      .read_bool("features", &recommend->with_features)
      .read_bool("exclude_seen", &recommend->exclude_seen)
      .read_bool("rotate_shown", &recommend->rotate_shown)
      .read_u64("min_seq", 0, kMaxSequence, &recommend->min_seq)
      .read_string("filter", &filter);
  query.refuse_renamed("at", "as_of");
  TAMIS_RETURN_IF_ERROR(query.finish());
  if (names_sequence) recommend->as_of_sequence = as_of_sequence;
  if (as_of) TAMIS_RETURN_IF_ERROR(read_as_of(*as_of, &recommend->as_of_ms.emplace()));
  return filter.empty() ? Status::ok() : read_filter_parameter(filter, &recommend->filter);
}

// As Server-Timing has it: names are tokens, so that a stage's own goes into the description.
std::string timing_of(const std::vector<StageTrace>& stages) {
  std::string timing;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    std::array<char, 32> milliseconds{};
    std::snprintf(milliseconds.data(), milliseconds.size(), "%.3f", stages[i].microseconds / 1'000);
    timing += (i == 0 ? "stage" : ", stage") + std::to_string(i + 1) + ";desc=\"" + stages[i].stage +
              "\";dur=" + milliseconds.data();
  }
  return timing;
}

asio::awaitable<Response> recommend_and_reply(Exchange& exchange, RecommendRequest request) {
  TAMIS_REPLY_IF_ERROR(check_request(&request));
  const auto answer = co_await recommend(exchange, std::move(request));
  if (!answer.is_ok()) co_return fail(exchange, answer.status());
  Response response = reply([&](JsonWriter* json) { write_recommendations(*answer, json); });
  if (!answer->stages.empty()) response.headers.emplace_back("Server-Timing", timing_of(answer->stages));
  co_return response;
}

asio::awaitable<Response> get_for_user(Exchange& exchange) {
  RecommendRequest request{.user = exchange.parameter(0)};
  TAMIS_REPLY_IF_ERROR(read_query(exchange.request(), &request));
  co_return co_await recommend_and_reply(exchange, std::move(request));
}

Status read_body(const Request& request, RecommendRequest* recommend, std::optional<std::vector<std::string>>* users) {
  if (request.body.empty()) return Status::ok();
  JsonDocument document;
  TAMIS_ASSIGN_OR_RETURN(const auto root, document.parse(request.body));
  return read_recommend(root, JsonPath{}, recommend, users);
}

asio::awaitable<Response> post_for_user(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  RecommendRequest request{.user = exchange.parameter(0)};
  TAMIS_REPLY_IF_ERROR(read_query(exchange.request(), &request));
  TAMIS_REPLY_IF_ERROR(read_body(exchange.request(), &request, nullptr));
  co_return co_await recommend_and_reply(exchange, std::move(request));
}

// Many users are much work: they are answered by a worker.
asio::awaitable<Response> recommend_to_many(Exchange& exchange, RecommendRequest request,
                                            std::vector<std::string> users) {
  TAMIS_REPLY_IF_ERROR(check_request(&request));
  TAMIS_REPLY_IF_ERROR(co_await exchange.await_visible(request.min_seq, request.min_seq_timeout_ms));
  Database* database = exchange.app().database;
  std::function<Result<std::string>()> work = [database, request = std::move(request),
                                               users = std::move(users)]() mutable -> Result<std::string> {
    std::string body;
    JsonWriter json(&body);
    json.begin_object().key("answers").begin_array();
    for (std::size_t i = 0; i < users.size(); ++i) {
      TAMIS_RETURN_IF_ERROR(check_cancelled());
      request.user = users[i];
      auto answer = database->recommend(request);
      if (!answer.is_ok()) {
        Status status = answer.status();
        return status.field().empty() ? std::move(status).at_field("users[" + std::to_string(i) + "]") : status;
      }
      write_recommendations(*answer, &json);
    }
    json.end_array().end_object();
    return body;
  };
  auto body = co_await exchange.query<std::string>(/*is_light=*/false, std::move(work));
  if (!body.is_ok()) co_return fail(exchange, body.status());
  Response response;
  response.body = std::move(*body);
  co_return response;
}

asio::awaitable<Response> post_for_anyone(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  RecommendRequest request;
  std::optional<std::vector<std::string>> users;
  TAMIS_REPLY_IF_ERROR(read_query(exchange.request(), &request));
  TAMIS_REPLY_IF_ERROR(read_body(exchange.request(), &request, &users));
  if (!users) co_return co_await recommend_and_reply(exchange, std::move(request));
  if (!request.user.empty() || !request.history.empty()) {
    co_return fail(
        exchange,
        Status::invalid_argument("users is given beside user or history; expected one of them").at_field("users"));
  }
  co_return co_await recommend_to_many(exchange, std::move(request), std::move(*users));
}

// Exact ranks take long, so this is a heavy query.
asio::awaitable<Response> explain_absence(Exchange& exchange, RecommendRequest request) {
  TAMIS_REPLY_IF_ERROR(co_await exchange.await_visible(request.min_seq, request.min_seq_timeout_ms));
  Database* database = exchange.app().database;
  std::function<Result<WhyNotAnswer>()> work = [database, request = std::move(request), item = exchange.parameter(1)] {
    return database->why_not(request, item);
  };
  const auto answer = co_await exchange.query<WhyNotAnswer>(/*is_light=*/false, std::move(work));
  if (!answer.is_ok()) co_return fail(exchange, answer.status());
  co_return reply([&](JsonWriter* json) { write_why_not(*answer, json); });
}

asio::awaitable<Response> get_why_not(Exchange& exchange) {
  RecommendRequest request{.user = exchange.parameter(0)};
  TAMIS_REPLY_IF_ERROR(read_query(exchange.request(), &request));
  co_return co_await explain_absence(exchange, std::move(request));
}

asio::awaitable<Response> post_why_not(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  RecommendRequest request{.user = exchange.parameter(0)};
  TAMIS_REPLY_IF_ERROR(read_query(exchange.request(), &request));
  TAMIS_REPLY_IF_ERROR(read_body(exchange.request(), &request, nullptr));
  co_return co_await explain_absence(exchange, std::move(request));
}

}  // namespace

asio::awaitable<Response> recommend_around_item(Exchange& exchange) {
  RecommendRequest request{.similar_to = exchange.parameter(0)};
  TAMIS_REPLY_IF_ERROR(read_query(exchange.request(), &request));
  co_return co_await recommend_and_reply(exchange, std::move(request));
}

void add_recommendation_routes(Router* router) {
  router->add({.verb = Verb::get, .path = "/v1/users/{id}/recommendations", .handler = get_for_user});
  router->add({.verb = Verb::post,
               .path = "/v1/users/{id}/recommendations",
               .body = BodyMode::kWhole,
               .handler = post_for_user});
  router->add({.verb = Verb::get, .path = "/v1/users/{id}/recommendations/why-not/{item}", .handler = get_why_not});
  router->add({.verb = Verb::post,
               .path = "/v1/users/{id}/recommendations/why-not/{item}",
               .body = BodyMode::kWhole,
               .handler = post_why_not});
  router->add(
      {.verb = Verb::post, .path = "/v1/recommendations", .body = BodyMode::kWhole, .handler = post_for_anyone});
}

}  // namespace tamis::server
