// /v1/experiments: list, read, create or replace, delete, results; /v1/evaluate: off-policy. The engine owns the
// documents' grammar. Results and evaluations read many impressions, so workers do them.
#include "server/routes/reply.h"
#include "server/routes/routes.h"

namespace tamis::server {
namespace {

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
  const auto results = co_await exchange.offload<std::string>(*exchange.app().workers, std::move(work));
  if (!results.is_ok()) co_return fail(exchange, results.status());
  co_return reply([&](JsonWriter* json) { json->raw(*results); });
}

// Estimates that mean nothing are refused with the reason.
asio::awaitable<Response> post_evaluate(Exchange& exchange) {
  if (auto refused = refuse_other_than_json(exchange)) co_return std::move(*refused);
  auto request = parse_off_policy_request(exchange.request().body);
  if (!request.is_ok()) co_return fail(exchange, request.status());
  Database* database = exchange.app().database;
  std::function<Result<std::string>()> work = [database, request = std::move(*request)]() -> Result<std::string> {
    TAMIS_ASSIGN_OR_RETURN(const OffPolicyEvaluation evaluation, database->evaluate_off_policy(request));
    if (!evaluation.fault.empty()) return Status::failed_precondition(evaluation.fault);
    return off_policy_to_json(evaluation);
  };
  const auto evaluation = co_await exchange.offload<std::string>(*exchange.app().workers, std::move(work));
  if (!evaluation.is_ok()) co_return fail(exchange, evaluation.status());
  co_return reply([&](JsonWriter* json) { json->raw(*evaluation); });
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
}

}  // namespace tamis::server
