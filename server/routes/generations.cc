// /v1/generations: list, promote, roll back. What touches a generation's files runs on a worker.
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

asio::awaitable<Response> list_generations(Exchange& exchange) {
  const std::vector<GenerationInfo> generations = exchange.app().database->list_generations();
  co_return reply([&](JsonWriter* json) {
    std::string serving;
    json->begin_object().key("generations").begin_array();
    for (const GenerationInfo& generation : generations) {
      write_generation(generation, json);
      if (generation.state == "serving") serving = generation.id;
    }
    json->end_array().field("serving", serving).end_object();
  });
}

// What an automatic run tried, and what it chose.
asio::awaitable<Response> report(Exchange& exchange) {
  for (const GenerationInfo& generation : exchange.app().database->list_generations())
    if (generation.id == exchange.parameter(0))
      co_return reply([&](JsonWriter* json) { write_training_report(generation, json); });
  co_return fail(exchange, Status::not_found("there is no generation \"" + exchange.parameter(0) + "\""));
}

Response reply_serving(const std::string& generation) {
  return reply([&](JsonWriter* json) { json->begin_object().field("generation", generation).end_object(); });
}

asio::awaitable<Response> promote(Exchange& exchange) {
  Database* database = exchange.app().database;
  std::function<Result<bool>()> work = [database, id = exchange.parameter(0)]() -> Result<bool> {
    TAMIS_RETURN_IF_ERROR(database->promote(id));
    return true;
  };
  const auto done = co_await exchange.offload<bool>(*exchange.app().workers, std::move(work));
  if (!done.is_ok()) co_return fail(exchange, done.status());
  co_return reply_serving(exchange.parameter(0));
}

asio::awaitable<Response> roll_back(Exchange& exchange) {
  Database* database = exchange.app().database;
  std::function<Result<std::string>()> work = [database] { return database->rollback(); };
  const auto generation = co_await exchange.offload<std::string>(*exchange.app().workers, std::move(work));
  if (!generation.is_ok()) co_return fail(exchange, generation.status());
  co_return reply_serving(*generation);
}

// POST /v1/generations/{id}/rollback: only the one that serves can be rolled back.
asio::awaitable<Response> roll_back_from(Exchange& exchange) {
  const std::string serving = exchange.app().database->stats().generation;
  if (serving != exchange.parameter(0)) {
    co_return fail(exchange,
                   Status::failed_precondition("generation " + exchange.parameter(0) + " does not serve; expected " +
                                               (serving.empty() ? "none to be rolled back" : serving)));
  }
  co_return co_await roll_back(exchange);
}

}  // namespace

void add_generation_routes(Router* router) {
  const auto add_post = [router](const char* path, Handler handler) {
    router->add({.verb = Verb::post, .path = path, .scope = Scope::kAdmin, .handler = handler, .takes_long = true});
  };
  router->add({.verb = Verb::get, .path = "/v1/generations", .handler = list_generations});
  router->add({.verb = Verb::get, .path = "/v1/generations/{id}/report", .handler = report});
  add_post("/v1/generations/rollback", roll_back);
  add_post("/v1/generations/{id}/promote", promote);
  add_post("/v1/generations/{id}/rollback", roll_back_from);
}

}  // namespace tamis::server
