#include "server/routes/reply.h"

namespace tamis::server {

Response fail(Exchange& exchange, const Status& status) { return to_response(problem_of(status), exchange.request()); }

Response reply_ack(const WriteAck& ack) {
  return reply([&](JsonWriter* json) {
    write_ack(ack, json);
    json->end_object();
  });
}

bool is_json(const Request& request) {
  const std::string& type = request.content_type;
  return type.empty() || type == "application/json" || type == "application/x-www-form-urlencoded" ||
         type.ends_with("+json");
}

std::optional<Response> refuse_other_than_json(Exchange& exchange) {
  if (is_json(exchange.request())) return std::nullopt;
  return to_response(http_problem(415, "the body's type is " + exchange.request().content_type.substr(0, 64) +
                                           "; expected application/json"),
                     exchange.request());
}

Result<WriteOptions> read_write_options(QueryString* query) {
  std::optional<std::string> durability;
  query->read_string("durability", &durability);
  TAMIS_RETURN_IF_ERROR(query->finish());
  WriteOptions options;
  if (durability) {
    auto parsed = parse_durability(*durability);
    if (!parsed.is_ok()) return Status(parsed.status()).at_field("durability");
    options.durability = *parsed;
  }
  return options;
}

asio::awaitable<Response> write_and_reply(Exchange& exchange, std::vector<Mutation> mutations) {
  QueryString query(exchange.request().query);
  const auto options = read_write_options(&query);
  if (!options.is_ok()) co_return fail(exchange, options.status());
  const auto ack = co_await exchange.write(std::move(mutations), *options);
  if (!ack.is_ok()) co_return fail(exchange, ack.status());
  co_return reply_ack(*ack);
}

asio::awaitable<Result<RecommendAnswer>> recommend(Exchange& exchange, RecommendRequest request) {
  Database* database = exchange.app().database;
  Status visible = co_await exchange.await_visible(request.min_seq, request.min_seq_timeout_ms);
  if (!visible.is_ok()) co_return visible;
  const bool is_light = !request.as_of_sequence && database->recommend_cost_us(request) <= kLightQueryUs;
  std::function<Result<RecommendAnswer>()> work = [database, request = std::move(request)] {
    return database->recommend(request);
  };
  co_return co_await exchange.query<RecommendAnswer>(is_light, std::move(work));
}

}  // namespace tamis::server
