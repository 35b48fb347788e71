// Experiments, and what funnels earned or would have earned.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "engine/database/database_impl.h"
#include "engine/database/references.h"
#include "engine/experiments/experiment_set.h"
#include "engine/experiments/layer_allocation.h"
#include "engine/generations/generation_files.h"
#include "engine/measure/evaluate_off_policy.h"
#include "engine/measure/experiment_results.h"
#include "engine/simulation/simulation.h"

namespace tamis::engine {
namespace {

constexpr std::string_view kExperiments = "experiment";
constexpr std::uint64_t kSimulationCacheBytes = 8ULL << 20;

// Results could not be read from what was served before such a change.
Status check_change(const ExperimentConfig& before, const ExperimentConfig& after, TimestampMs now_ms) {
  if (now_ms < before.start_ms) return Status::ok();
  ExperimentConfig allowed = after;
  allowed.version = before.version;
  allowed.end_ms = before.end_ms;
  allowed.alpha = before.alpha;
  allowed.planned_users = before.planned_users;
  allowed.control = before.control;
  allowed.buckets = before.buckets;
  if (experiment_to_json(allowed) == experiment_to_json(before)) return Status::ok();
  return Status::failed_precondition("experiment \"" + before.name +
                                     "\" has begun: only end, control, alpha and planned_users may change; end it and "
                                     "begin another under another name");
}

}  // namespace

void DatabaseImpl::load_experiments(LiveState* live) {
  auto set = std::make_shared<const ExperimentSet>();
  const auto documents = store_->list_documents(kExperiments);
  if (!documents.is_ok()) spdlog::error("experiments cannot be read: {}", documents.status().to_string());
  if (documents.is_ok()) {
    for (const auto& document : *documents) {
      const auto experiment = parse_experiment(document.name, document.json);
      const std::string described = "experiment " + in_quotes(document.name);
      if (experiment.is_ok()) {
        set = set->with(*experiment);
        live->quarantine().release(Quarantine::kDocument, described);
      } else {
        live->quarantine().add(Quarantine::kDocument, described, experiment.status());
      }
    }
  }
  live->publish([&](ReadState& state) { state.experiments = set; });
}

void DatabaseImpl::apply_experiments(std::span<const storage::CommittedRecord> records) {
  const auto is_experiment = [](const storage::CommittedRecord& record) {
    const auto* put = std::get_if<PutDocument>(&record.mutation);
    const auto* erased = std::get_if<DeleteDocument>(&record.mutation);
    return (put != nullptr && put->collection == kExperiments) ||
           (erased != nullptr && erased->collection == kExperiments);
  };
  if (std::any_of(records.begin(), records.end(), is_experiment)) load_experiments(live().get());
}

std::vector<ExperimentConfig> DatabaseImpl::list_experiments() const {
  const auto state = live()->pin();
  return state->experiments == nullptr ? std::vector<ExperimentConfig>() : state->experiments->list();
}

Result<ExperimentConfig> DatabaseImpl::get_experiment(std::string_view name) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const auto state = live()->pin();
  const ExperimentConfig* found = state->experiments == nullptr ? nullptr : state->experiments->find(name);
  if (found == nullptr)
    return Status::not_found("experiment \"" + std::string(name.substr(0, 64)) + "\" does not exist");
  return *found;
}

Result<WriteAck> DatabaseImpl::put_experiment(const ExperimentConfig& experiment) {
  TAMIS_RETURN_IF_ERROR(validate_experiment(experiment));
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  MutexLock lock(funnel_mutex_);
  const TimestampMs now_ms = options_.clock->now_ms();
  ExperimentConfig next = experiment;
  next.version = 1;
  const auto before = get_experiment(experiment.name);
  if (before.is_ok()) {
    next.version = before->version + 1;
    if (next.start_ms == 0) next.start_ms = before->start_ms;
    TAMIS_RETURN_IF_ERROR(check_change(*before, next, now_ms));
  }
  if (next.start_ms == 0) next.start_ms = now_ms;
  TAMIS_RETURN_IF_ERROR(validate_experiment(next));
  TAMIS_RETURN_IF_ERROR(check_experiment_funnels(*live()->pin(), next, now_ms));
  std::vector<BucketRange> taken;
  for (const ExperimentConfig& other : list_experiments()) {
    const bool has_ended = other.end_ms != 0 && other.end_ms <= now_ms;
    if (other.name == next.name || next.layer.empty() || other.layer != next.layer || has_ended) continue;
    taken.insert(taken.end(), other.buckets.begin(), other.buckets.end());
  }
  const auto held = before.is_ok() ? before->buckets : std::vector<BucketRange>();
  TAMIS_ASSIGN_OR_RETURN(next.buckets, allocate_buckets(bucket_count(next.traffic), held, taken));
  return write({PutDocument{std::string(kExperiments), next.name, experiment_to_json(next)}}, {});
}

Result<WriteAck> DatabaseImpl::delete_experiment(std::string_view name) {
  MutexLock lock(funnel_mutex_);
  TAMIS_RETURN_IF_ERROR(get_experiment(name).status());
  return write({DeleteDocument{std::string(kExperiments), std::string(name)}}, {});
}

Result<ExperimentResults> DatabaseImpl::experiment_results(std::string_view name) const {
  TAMIS_ASSIGN_OR_RETURN(const ExperimentConfig experiment, get_experiment(name));
  if (!options_.read_only) impressions_->write_pending();
  return engine::experiment_results(*store_, options_, live()->pin()->interaction_types, experiment,
                                    options_.clock->now_ms());
}

Result<OffPolicyEvaluation> DatabaseImpl::evaluate_off_policy(const OffPolicyRequest& request) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  if (!options_.read_only) impressions_->write_pending();
  return engine::evaluate_off_policy(*live()->pin(), request);
}

Result<Job> DatabaseImpl::start_evaluation(const OffPolicyRequest& request) {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  TAMIS_RETURN_IF_ERROR(check_candidate(*live()->pin(), request));
  return evaluations_.submit(++last_evaluation_, [this, request](JobRun& run) -> Result<std::string> {
    const RunControl control{.report = [&](double progress, std::string_view stage,
                                           std::string_view detail) { run.report(progress, stage, detail); },
                             .cancelled = run.cancelled()};
    TAMIS_RETURN_IF_ERROR(readiness_.status());
    if (!options_.read_only) impressions_->write_pending();
    TAMIS_ASSIGN_OR_RETURN(const OffPolicyEvaluation evaluation,
                           engine::evaluate_off_policy(*live()->pin(), request, control));
    if (!evaluation.fault.empty()) return Status::failed_precondition(evaluation.fault);
    run.set_result(off_policy_to_json(evaluation));
    return std::to_string(evaluation.estimates.lists) + " lists";
  });
}

Result<Job> DatabaseImpl::start_simulation(const SimulationRequest& request) {
  TAMIS_RETURN_IF_ERROR(check_simulation(request));
  TAMIS_RETURN_IF_ERROR(check_writable());  // it needs room beside the data
  return simulations_.submit(++last_simulation_, [this, request](JobRun& run) -> Result<std::string> {
    SimulationOptions options = simulation_options(request);
    options.scratch = layout_.generations / ("simulation." + run.id() + kTemporarySuffix);  // swept at the next start
    DatabaseOptions small;  // of its own: what it plays has nothing to do with this database
    small.training.threads = 1;
    small.storage.block_cache_bytes = kSimulationCacheBytes;
    small.storage.memtable_bytes = kSimulationCacheBytes;
    const SimulationControl control{.on_round =
                                        [&](std::span<const SimulatedRound> so_far, std::size_t all) {
                                          run.set_result(simulation_json(so_far));
                                          run.report(static_cast<double>(so_far.size()) / static_cast<double>(all),
                                                     so_far.back().arm, "round " + std::to_string(so_far.back().round));
                                        },
                                    .cancelled = run.cancelled()};
    TAMIS_ASSIGN_OR_RETURN(const std::vector<SimulatedRound> rounds, simulate(options, small, control));
    return std::to_string(rounds.size()) + " rounds";
  });
}

}  // namespace tamis::engine
