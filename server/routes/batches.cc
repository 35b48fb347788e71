// /v1/batches: lists for many, made in the background: start, watch, fetch, remove. The engine owns the document.
#include <algorithm>
#include <fstream>
#include <vector>

#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

constexpr std::size_t kListPartBytes = 256u << 10;

void write_batch(const Batch& batch, JsonWriter* json) {
  json->begin_object()
      .field("batch", batch.id)
      .field("job", batch.id)
      .field("state", batch.state)
      .field("progress", batch.progress)
      .field("detail", batch.detail)
      .field("lists", batch.lists)
      .field("bytes", batch.bytes)
      .field("generation", batch.generation)
      .field("first_sequence", batch.first_sequence)
      .field("last_sequence", batch.last_sequence)
      .field("resumed", batch.resumed)
      .field("path", batch.path);
  json->key("created_at").time(batch.created_ms);
  if (batch.finished_ms != 0) json->key("finished_at").time(batch.finished_ms);
  json->key("request").raw(batch_request_to_json(batch.request));
  json->end_object();
}

asio::awaitable<Response> post_batch(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  QueryString query(exchange.request().query);
  TAMIS_REPLY_IF_ERROR(query.finish());
  auto request = parse_batch(exchange.request().body.empty() ? "{}" : exchange.request().body);
  if (!request.is_ok()) co_return fail(exchange, request.status());
  Database* database = exchange.app().database;
  std::function<Result<Batch>()> work = [database, copy = *request] { return database->start_batch(copy); };
  const auto batch = co_await exchange.offload<Batch>(*exchange.app().workers, std::move(work));
  if (!batch.is_ok()) co_return fail(exchange, batch.status());
  Response response = reply([&](JsonWriter* json) { write_batch(*batch, json); }, 202);
  response.headers.emplace_back("Location", "/v1/batches/" + batch->id);
  co_return response;
}

asio::awaitable<Response> list_batches(Exchange& exchange) {
  Database* database = exchange.app().database;
  std::function<Result<std::vector<Batch>>()> work = [database] { return database->list_batches(); };
  const auto batches = co_await exchange.offload<std::vector<Batch>>(*exchange.app().workers, std::move(work));
  if (!batches.is_ok()) co_return fail(exchange, batches.status());
  co_return reply([&](JsonWriter* json) {
    json->begin_object().key("batches").begin_array();
    for (const Batch& batch : *batches) write_batch(batch, json);
    json->end_array().end_object();
  });
}

asio::awaitable<Response> get_batch(Exchange& exchange) {
  const auto batch = exchange.app().database->get_batch(exchange.parameter(0));
  if (!batch.is_ok()) co_return fail(exchange, batch.status());
  co_return reply([&](JsonWriter* json) { write_batch(*batch, json); });
}

asio::awaitable<Response> delete_batch(Exchange& exchange) {
  Database* database = exchange.app().database;
  std::function<Result<bool>()> work = [database, id = exchange.parameter(0)]() -> Result<bool> {
    TAMIS_RETURN_IF_ERROR(database->delete_batch(id));
    return true;
  };
  const auto removed = co_await exchange.offload<bool>(*exchange.app().workers, std::move(work));
  if (!removed.is_ok()) co_return fail(exchange, removed.status());
  co_return Response{.status = 204};
}

// What is written so far of one that runs.
asio::awaitable<Response> get_lists(Exchange& exchange) {
  const auto batch = exchange.app().database->get_batch(exchange.parameter(0));
  if (!batch.is_ok()) co_return fail(exchange, batch.status());
  std::ifstream file(batch->path, std::ios::binary);
  if (!file) co_return fail(exchange, Status::io_error("cannot read the lists of batch " + batch->id));
  Response streamed;
  streamed.is_streamed = true;
  exchange.lift_deadline();
  const bool is_csv = batch->request.format == "csv";
  bool is_open = co_await exchange.begin_stream(is_csv ? "text/csv" : "application/x-ndjson");
  std::string part(kListPartBytes, '\0');
  for (std::uint64_t left = batch->bytes; is_open && left > 0;) {
    file.read(part.data(), static_cast<std::streamsize>(std::min<std::uint64_t>(left, kListPartBytes)));
    const auto got = static_cast<std::size_t>(file.gcount());
    is_open = got > 0 && co_await exchange.send_part({part.data(), got});
    left -= got;
  }
  streamed.close = !is_open;  // a broken file is told by a broken connection
  co_return streamed;
}

}  // namespace

void add_batch_routes(Router* router) {
  router->add({.verb = Verb::post,
               .path = "/v1/batches",
               .scope = Scope::kWrite,
               .body = BodyMode::kWhole,
               .handler = post_batch});
  router->add({.verb = Verb::get, .path = "/v1/batches", .handler = list_batches, .has_no_query = true});
  router->add({.verb = Verb::get, .path = "/v1/batches/{id}", .handler = get_batch, .has_no_query = true});
  router->add({.verb = Verb::delete_, .path = "/v1/batches/{id}", .scope = Scope::kWrite, .handler = delete_batch});
  router->add({.verb = Verb::get,
               .path = "/v1/batches/{id}/lists",
               .handler = get_lists,
               .takes_long = true,
               .has_no_query = true});
}

}  // namespace tamis::server
