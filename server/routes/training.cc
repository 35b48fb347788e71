// POST /v1/train and the jobs that it starts.
#include "server/json/request_json.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

asio::awaitable<Response> post_train(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  TrainRequest request;
  if (!exchange.request().body.empty()) {
    JsonDocument document;
    const auto root = document.parse(exchange.request().body);
    if (!root.is_ok()) co_return fail(exchange, root.status());
    auto read = read_train(*root, JsonPath{});
    if (!read.is_ok()) co_return fail(exchange, read.status());
    request = std::move(*read);
  }
  const auto job = exchange.app().database->train(request);
  if (!job.is_ok()) co_return fail(exchange, job.status());
  Response response = reply([&](JsonWriter* json) { write_job(*job, json); }, 202);
  response.headers.emplace_back("Location", "/v1/jobs/" + job->id);
  co_return response;
}

asio::awaitable<Response> list_jobs(Exchange& exchange) {
  const std::vector<Job> jobs = exchange.app().database->list_jobs();
  co_return reply([&](JsonWriter* json) {
    json->begin_object().key("jobs").begin_array();
    for (const Job& job : jobs) write_job(job, json);
    json->end_array().end_object();
  });
}

asio::awaitable<Response> get_job(Exchange& exchange) {
  const auto job = exchange.app().database->get_job(exchange.parameter(0));
  if (!job.is_ok()) co_return fail(exchange, job.status());
  co_return reply([&](JsonWriter* json) { write_job(*job, json); });
}

asio::awaitable<Response> cancel_job(Exchange& exchange) {
  Database* database = exchange.app().database;
  TAMIS_REPLY_IF_ERROR(database->cancel_job(exchange.parameter(0)));
  co_return co_await get_job(exchange);
}

}  // namespace

void add_training_routes(Router* router) {
  router->add({.verb = Verb::post,
               .path = "/v1/train",
               .scope = Scope::kAdmin,
               .body = BodyMode::kWhole,
               .handler = post_train});
  router->add({.verb = Verb::get, .path = "/v1/jobs", .handler = list_jobs, .has_no_query = true});
  router->add({.verb = Verb::get, .path = "/v1/jobs/{id}", .handler = get_job, .has_no_query = true});
  router->add({.verb = Verb::post, .path = "/v1/jobs/{id}/cancel", .scope = Scope::kAdmin, .handler = cancel_job});
}

}  // namespace tamis::server
