// What handlers have in common: replies, media types, writes, path parameters.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/app/app.h"
#include "server/http/exchange.h"
#include "server/http/query_string.h"
#include "server/json/answer_json.h"
#include "server/json/json_reader.h"

namespace tamis::server {

// A JSON body made by `write(JsonWriter*)`.
template <typename Write>
Response reply(Write&& write, unsigned status = 200) {
  Response response{.status = status};
  JsonWriter json(&response.body);
  write(&json);
  return response;
}

Response fail(Exchange& exchange, const Status& status);
Response reply_ack(const WriteAck& ack);

// JSON is what says so, what says nothing, and what `curl -d` says of itself.
bool is_json(const Request& request);
// 415 where the body is not JSON.
std::optional<Response> refuse_other_than_json(Exchange& exchange);

// Reads a JSON body by `read`; query parameters are refused.
template <typename T>
Result<T> read_json_body(const Request& request, Result<T> (*read)(simdjson::dom::element, const JsonPath&)) {
  QueryString query(request.query);
  TAMIS_RETURN_IF_ERROR(query.finish());
  JsonDocument document;
  TAMIS_ASSIGN_OR_RETURN(const auto root, document.parse(request.body));
  return read(root, JsonPath{});
}

// ?durability= of the query, beside whatever else `query` reads.
Result<WriteOptions> read_write_options(QueryString* query);

// A longer query would delay the other requests of its I/O thread.
inline constexpr double kLightQueryUs = 5'000;

// Waits for the request's min_seq, then recommends: on this thread, or apart where the query would delay others.
asio::awaitable<Result<RecommendAnswer>> recommend(Exchange& exchange, RecommendRequest request);

// Commits the mutations of a request whose query is read with only `durability` in it, and replies.
asio::awaitable<Response> write_and_reply(Exchange& exchange, std::vector<Mutation> mutations);

}  // namespace tamis::server

// Returns the problem for a failed Status from a handler; `exchange` is the handler's.
#define TAMIS_REPLY_IF_ERROR(expression)                                                                               \
  do {                                                                                                                 \
    if (::tamis::Status tamis_status_ = (expression); !tamis_status_.is_ok()) co_return fail(exchange, tamis_status_); \
  } while (false)
