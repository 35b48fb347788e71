// /v1/experiments: list, read, create or replace, delete, results; /v1/evaluate: off-policy; POST /v1/simulations. The
// engine owns the documents' grammar. Results and evaluations read many impressions, so workers do them.
#include <algorithm>
#include <chrono>

#include "server/json/account_json.h"
#include "server/json/json_reader.h"
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

constexpr std::chrono::milliseconds kEvaluationPatience{10'000};  // an evaluation that takes longer is left to its job

asio::awaitable<Response> list_experiments(Exchange& exchange) {
  const std::vector<ExperimentConfig> experiments = exchange.app().database->list_experiments();
  co_return reply([&](JsonWriter* json) {
    json->begin_object().key("experiments").begin_array();
    for (const ExperimentConfig& experiment : experiments) json->raw(experiment_to_json(experiment));
    json->end_array().end_object();
  });
}

asio::awaitable<Response> get_experiment(Exchange& exchange) {
  const auto experiment = exchange.app().database->get_experiment(exchange.parameter(0));
  if (!experiment.is_ok()) co_return fail(exchange, experiment.status());
  co_return reply([&](JsonWriter* json) { json->raw(experiment_to_json(*experiment)); });
}

asio::awaitable<Response> put_experiment(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  auto experiment = parse_experiment(exchange.parameter(0), exchange.request().body);
  if (!experiment.is_ok()) co_return fail(exchange, experiment.status());
  Database* database = exchange.app().database;
  std::function<Result<WriteAck>()> work = [database, experiment = std::move(*experiment)] {
    return database->put_experiment(experiment);
  };
  const auto ack = co_await exchange.offload<WriteAck>(*exchange.app().workers, std::move(work));
  if (!ack.is_ok()) co_return fail(exchange, ack.status());
  co_return reply_ack(*ack);
}

asio::awaitable<Response> delete_experiment(Exchange& exchange) {
  Database* database = exchange.app().database;
  std::function<Result<WriteAck>()> work = [database, name = exchange.parameter(0)] {
    return database->delete_experiment(name);
  };
  const auto ack = co_await exchange.offload<WriteAck>(*exchange.app().workers, std::move(work));
  if (!ack.is_ok()) co_return fail(exchange, ack.status());
  co_return reply_ack(*ack);
}

asio::awaitable<Response> get_results(Exchange& exchange) {
  Database* database = exchange.app().database;
  std::function<Result<std::string>()> work = [database, name = exchange.parameter(0)]() -> Result<std::string> {
    TAMIS_ASSIGN_OR_RETURN(const ExperimentResults results, database->experiment_results(name));
    return experiment_results_to_json(results);
  };
  const auto results = co_await exchange.query<std::string>(/*is_light=*/false, std::move(work));
  if (!results.is_ok()) co_return fail(exchange, results.status());
  co_return reply([&](JsonWriter* json) { json->raw(*results); });
}

bool has_ended(const Job& job) { return job.state != JobState::kQueued && job.state != JobState::kRunning; }

// Starts the evaluation and gives the job as it is when it has ended, or `patience` later.
Result<Job> evaluate_for(Database* database, const OffPolicyRequest& request, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  TAMIS_ASSIGN_OR_RETURN(Job job, database->start_evaluation(request));
  while (!has_ended(job)) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    TAMIS_ASSIGN_OR_RETURN(job, database->wait_job(job.id, job, left));
  }
  return job;
}

// The estimates where they are there soon, else 202 with the job. Estimates that mean nothing are refused with the
// reason.
asio::awaitable<Response> post_evaluate(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  auto request = parse_off_policy_request(exchange.request().body);
  if (!request.is_ok()) co_return fail(exchange, request.status());
  Database* database = exchange.app().database;
  const auto patience =
      std::min(kEvaluationPatience, std::chrono::milliseconds(exchange.app().settings->request_timeout_ms / 3));
  std::function<Result<Job>()> work = [database, patience, request = std::move(*request)] {
    return evaluate_for(database, request, patience);
  };
  const auto job = co_await exchange.offload<Job>(*exchange.app().workers, std::move(work));
  if (!job.is_ok()) co_return fail(exchange, job.status());
  if (job->state == JobState::kSucceeded) co_return reply([&](JsonWriter* json) { json->raw(job->result); });
  if (job->state == JobState::kFailed) co_return fail(exchange, job->failure);
  Response response = reply([&](JsonWriter* json) { write_job(*job, json); }, 202);
  response.headers.emplace_back("Location", "/v1/jobs/" + job->id);
  co_return response;
}

asio::awaitable<Response> post_simulation(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  QueryString query(exchange.request().query);
  TAMIS_REPLY_IF_ERROR(query.finish());
  Result<SimulationRequest> request = SimulationRequest{};
  if (!exchange.request().body.empty()) {
    JsonDocument document;
    const auto root = document.parse(exchange.request().body);
    if (!root.is_ok()) co_return fail(exchange, root.status());
    request = read_simulation(*root, JsonPath{});
    if (!request.is_ok()) co_return fail(exchange, request.status());
  }
  const auto job = exchange.app().database->start_simulation(*request);
  if (!job.is_ok()) co_return fail(exchange, job.status());
  Response response = reply([&](JsonWriter* json) { write_job(*job, json); }, 202);
  response.headers.emplace_back("Location", "/v1/jobs/" + job->id);
  co_return response;
}

}  // namespace

void add_measurement_routes(Router* router) {
  router->add({.verb = Verb::get, .path = "/v1/experiments", .handler = list_experiments});
  router->add({.verb = Verb::get, .path = "/v1/experiments/{name}", .handler = get_experiment});
  router->add({.verb = Verb::put,
               .path = "/v1/experiments/{name}",
               .scope = Scope::kAdmin,
               .body = BodyMode::kWhole,
               .handler = put_experiment});
  router->add(
      {.verb = Verb::delete_, .path = "/v1/experiments/{name}", .scope = Scope::kAdmin, .handler = delete_experiment});
  router->add({.verb = Verb::get, .path = "/v1/experiments/{name}/results", .handler = get_results});
  router->add({.verb = Verb::post,
               .path = "/v1/evaluate",
               .scope = Scope::kAdmin,
               .body = BodyMode::kWhole,
               .handler = post_evaluate});
  router->add({.verb = Verb::post,
               .path = "/v1/simulations",
               .scope = Scope::kAdmin,
               .body = BodyMode::kWhole,
               .handler = post_simulation});
}

}  // namespace tamis::server
