#include "engine/learn/trainer_impl.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "common/durable_files.h"
#include "engine/generations/generation_files.h"
#include "engine/interactions/stored_types.h"
#include "engine/learn/dataset.h"
#include "engine/learn/gate.h"
#include "engine/learn/learned_models.h"
#include "engine/learn/search_recommender.h"
#include "engine/learn/train_generation.h"
#include "engine/learn/training_process.h"
#include "engine/settings/model_settings.h"
#include "engine/settings/ranker_settings.h"

namespace tamis::engine {
namespace {

constexpr double kLoaded = 0.05;  // shares of a job's progress
constexpr double kTrained = 0.95;
constexpr double kFirst = 0.1;  // of an automatic run: until something serves

std::uint32_t thread_count(const TrainingOptions& options) {
  return options.threads > 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
}

std::uint64_t half_of_memory_bytes() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_bytes = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && page_bytes > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_bytes) / 2
                                     : 0;
}

// The models asked for, by the names that training knows.
std::vector<std::string> named_models(const TrainRequest& request) {
  std::vector<std::string> models = request.models;
  std::replace(models.begin(), models.end(), std::string("ranker"), std::string("dlrm"));
  return models;
}

// Equal for runs that would do the same.
std::string key_of(const TrainRequest& request) {
  std::vector<std::string> models = named_models(request);
  std::sort(models.begin(), models.end());
  std::string key = std::string(request.promote ? "promote" : "keep") + (request.inherit ? " inherit" : " alone");
  for (const std::string& model : models) key += " " + model;
  return key;
}

// What the funnels that people wrote name.
std::vector<std::string> models_in_funnels(const std::vector<FunnelConfig>& funnels) {
  std::vector<std::string> models;
  const auto add = [&](const std::string& model) {
    if (contains(trainable_models(), model) && !contains(models, model)) models.push_back(model);
  };
  for (const FunnelConfig& funnel : funnels) {
    if (funnel.name == "default") continue;
    for (const RetrieverConfig& retriever : funnel.retrievers)
      add(retriever.kind == "ann" || retriever.kind == "similar" ? retriever.space : retriever.kind);
    if (funnel.ranker.kind != "none") add(funnel.ranker.kind);
  }
  return models;
}

std::string join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

void observe_end(Observer* observer, const Job& job) {
  if (observer == nullptr) return;
  observer->on_job_end(job.kind, job_state_name(job.state),
                       static_cast<double>(job.finished_ms - job.started_ms) / 1'000);
}

}  // namespace

Result<std::unique_ptr<Trainer>> Trainer::open(const std::filesystem::path& generations_dir, storage::Store* store,
                                               TrainerHost* host, const DatabaseOptions* options) {
  TAMIS_RETURN_IF_ERROR(validate_run_models(options->training.models, {}, "training.models"));
  TAMIS_ASSIGN_OR_RETURN(ModelSettings settings, parse_model_settings(options->training));
  TAMIS_ASSIGN_OR_RETURN(
      std::unique_ptr<Registry> registry,
      Registry::open(*store, [host](std::vector<Mutation> mutations) { return host->commit(std::move(mutations)); }));
  for (const Registry::Refused& document : registry->refused()) host->set_aside(document.name, document.why);
  GenerationDirectory directory(generations_dir);
  if (!options->read_only) {
    TAMIS_RETURN_IF_ERROR(directory.create());
    std::set<std::string> registered;
    for (const GenerationInfo& info : registry->list()) registered.insert(info.id);
    for (const Registry::Refused& document : registry->refused()) registered.insert(document.name);
    TAMIS_RETURN_IF_ERROR(directory.remove_strays(registered));
  }
  return std::unique_ptr<Trainer>(std::make_unique<TrainerImpl>(std::move(directory), store, host, options,
                                                                std::move(settings), std::move(registry)));
}

TrainerImpl::TrainerImpl(GenerationDirectory directory, storage::Store* store, TrainerHost* host,
                         const DatabaseOptions* options, ModelSettings settings, std::unique_ptr<Registry> registry)
    : directory_(std::move(directory)),
      store_(store),
      host_(host),
      options_(options),
      settings_(std::move(settings)),
      registry_(std::move(registry)),
      jobs_(options->clock, [options](const Job& job) { observe_end(options->observer.get(), job); }) {}

TrainerImpl::~TrainerImpl() {
  timer_.reset();  // no further jobs
  jobs_.shut_down();
}

void TrainerImpl::start_schedule() {
  if (options_->read_only || timer_) return;
  timer_ = std::make_unique<ScheduleTimer>([this] {
    mend_if_whole();
    train_if_due();
  });
}

Result<Job> TrainerImpl::train(const TrainRequest& request) {
  TAMIS_RETURN_IF_ERROR(check_writable("train"));
  if (!request.models.empty()) {
    const std::optional<GenerationInfo> serving = request.inherit ? serving_info() : std::nullopt;
    TAMIS_RETURN_IF_ERROR(
        validate_run_models(named_models(request), serving ? serving->models : std::vector<std::string>()));
  }
  const std::string key = key_of(request);
  MutexLock lock(submit_mutex_);
  if (std::optional<Job> waiting = jobs_.find_waiting(key)) {
    waiting->coalesced = true;
    return *std::move(waiting);
  }
  TAMIS_ASSIGN_OR_RETURN(const std::uint64_t number, registry_->take_job_number());
  return jobs_.submit(
      number, [this, request](JobRun& job) { return run_job(job, request); }, key);
}

Result<TrainerImpl::Plan> TrainerImpl::plan_run(const TrainRequest& request) const {
  Plan plan;
  plan.holdout = options_->training.holdout;
  plan.models = request.models.empty() ? options_->training.models : named_models(request);
  const std::optional<GenerationInfo> serving = serving_info();
  if (is_automatic(plan.models))
    for (const std::string& model : models_in_funnels(host_->funnels_in_use()))
      if (!contains(plan.models, model)) plan.models.push_back(model);
  if (!serving) return plan;
  plan.serving = serving->models;
  if (!request.inherit) return plan;
  plan.inheritance.dir = directory_.path_of(serving->id);
  const Result<InheritableMembers> found = find_inheritable(plan.inheritance.dir, serving->models);
  std::map<std::string, std::string> damaged;
  if (found.is_ok()) {
    plan.inheritance.members = found->members;
    damaged = found->damaged;
  } else {
    for (const std::string& member : serving->models) damaged[member] = found.status().message();
  }
  for (const std::string& member : serving->models) {
    if (contains(plan.models, member)) continue;
    // Those that an automatic run chose, the next one chooses anew.
    const bool is_trainable =
        contains(trainable_models(), member) && !(is_automatic(plan.models) && contains(serving->chosen, member));
    const auto damage = damaged.find(member);
    if (is_trainable && (request.models.empty() || damage != damaged.end())) plan.models.push_back(member);
    if (damage == damaged.end()) continue;
    plan.warnings.push_back(member + " of " + serving->id + " cannot be kept (" + damage->second + "): it is " +
                            (is_trainable ? "learned anew" : "dropped"));
  }
  return plan;
}

namespace {

// What is learned in seconds to minutes, and serves until the search is done.
std::vector<std::string> first_models(const storage::StoreCounts& counts) {
  constexpr std::uint64_t kMostFactorized = 10'000'000;
  std::vector<std::string> models = affordable_base_models(counts.users);
  if (counts.interactions > kMostFactorized) std::erase(models, "ials");
  return models;
}

}  // namespace

void TrainerImpl::serve_something_first(JobRun& job, const TrainRequest& request) {
  constexpr std::uint64_t kMany = 50'000;  // fewer are searched in seconds
  if (serving_info() || !request.promote || store_->counts().interactions < kMany) return;
  const Plan plan{
      .models = first_models(store_->counts()), .inheritance = {}, .serving = {}, .warnings = {}, .holdout = 0};
  const Result<std::string> told = run_plan(job, request, plan, control_of(job).part("first: ", 0, kFirst));
  if (!told.is_ok()) spdlog::warn("training {}: nothing serves yet: {}", job.id(), told.status().to_string());
}

RunControl TrainerImpl::control_of(JobRun& job) const {
  RunControl control{.threads = thread_count(options_->training), .report = {}, .cancelled = job.cancelled()};
  control.report = [&job](double progress, std::string_view stage, std::string_view detail) {
    job.report(progress, stage, detail);
  };
  control.warn = [&job](const std::string& warning) {
    job.warn(warning);
    spdlog::warn("training {}: {}", job.id(), warning);
  };
  return control;
}

Result<std::string> TrainerImpl::run_job(JobRun& job, const TrainRequest& request) {
  if (is_automatic(request.models.empty() ? options_->training.models : request.models))
    serve_something_first(job, request);
  TAMIS_ASSIGN_OR_RETURN(const Plan plan, plan_run(request));
  spdlog::info("training {} begins: it learns {}{}", job.id(), join(plan.models),
               plan.inheritance.members.empty()
                   ? ""
                   : "; kept from " + plan.inheritance.dir.filename().string() + " is what else that has");
  {
    MutexLock lock(state_mutex_);
    base_ = plan.inheritance.dir.filename().string();
  }
  for (const std::string& warning : plan.warnings) job.warn(warning);
  Result<std::string> told = run_plan(job, request, plan, control_of(job));
  {
    MutexLock lock(state_mutex_);
    base_.clear();
  }
  if (told.is_ok())
    spdlog::info("training {} ended: {}", job.id(), *told);
  else
    spdlog::warn("training {} ended without a generation that serves: {}", job.id(), told.status().to_string());
  remove_superfluous();
  return told;
}

Result<std::string> TrainerImpl::run_plan(JobRun& job, const TrainRequest& request, const Plan& plan,
                                          const RunControl& control) {
  const TimestampMs now_ms = options_->clock->now_ms();
  TAMIS_ASSIGN_OR_RETURN(const std::string id,
                         registry_->begin_run({.ms = now_ms, .interactions = store_->counts().interactions}));
  TAMIS_ASSIGN_OR_RETURN(const auto types, load_interaction_types(*store_, start_types(*options_)));
  TrainingTask task{
      .store = {},
      .output = directory_.path_of(id),
      .generation = id,
      .now_ms = now_ms,
      .options = options_->training,
      .interaction_types = types->list(),
      .clock = rank_clock(*options_),
      .max_history = options_->max_history,
      .daily_repeats = options_->daily_repeats,
      .inheritance = plan.inheritance,
      .serving = plan.serving,
      .funnels = plan.holdout > 0 || is_automatic(plan.models) ? host_->funnels_in_use() : std::vector<FunnelConfig>(),
      .scratch = directory_.path_of(id + ".trial" + kTemporarySuffix)};
  task.options.models = plan.models;
  task.options.holdout = plan.holdout;
  task.options.threads = control.threads;
  const bool is_apart = !options_->training.worker_command.empty();
  const RunControl run = control.part("", 0, kTrained);
  host_->before_training();
  TAMIS_ASSIGN_OR_RETURN(const GenerationInfo info, is_apart ? train_apart(task, run) : train_here(task, run));
  Status cancelled = control.check();
  if (!cancelled.is_ok()) {
    TAMIS_RETURN_IF_ERROR(directory_.remove(id));
    return cancelled;
  }
  control.stage("promote", kTrained, 1);
  for (const auto& [member, why] : info.left_out) {
    job.warn(member + " is left out: " + why);
    spdlog::warn("training {}: {} is left out: {}", job.id(), member, why);
  }
  Result<std::string> told = register_and_promote(info, request.promote, &job);
  if (told.is_ok() || registry_->get(id).is_ok()) job.set_generation(id);
  return told;
}

Result<GenerationInfo> TrainerImpl::train_here(const TrainingTask& task, const RunControl& control) const {
  control.stage("load", 0, kLoaded);
  TAMIS_ASSIGN_OR_RETURN(
      Dataset dataset,
      load_dataset(*store_, types_of(task), task.now_ms, control.cancelled, need_features(task.options.models),
                   need_baskets(task.options.models) || need_baskets(task.inheritance.members)));
  dataset.text_embedders = options_->text_embedders.get();
  TrainingRun run{.generation = task.generation,
                  .created_ms = task.now_ms,
                  .models = task.options.models,
                  .settings = settings_,
                  .holdout = task.options.holdout,
                  .text_settings = task.options.settings,
                  .budget_s = task.options.budget_s,
                  .clock = task.clock,
                  .inheritance = task.inheritance,
                  .tolerance = task.options.gate_tolerance};
  if (may_rank(run.models)) {
    TAMIS_ASSIGN_OR_RETURN(run.served, load_served_lists(*store_, dataset, control.cancelled));
  }
  const std::optional<FunnelTrial> trial = trial_of(task, *options_, *store_);
  if (trial) run.trial = &*trial;
  return train_generation(dataset, run, task.output, control.part("", kLoaded, 1));
}

Result<GenerationInfo> TrainerImpl::train_apart(const TrainingTask& task, const RunControl& control) const {
  control.stage("load", 0, kLoaded);
  const std::string scratch_name =
      task.generation + ".task" + kTemporarySuffix;  // swept at the next start at the latest
  const std::filesystem::path scratch = directory_.path_of(scratch_name);
  TrainingTask told = task;
  told.store = scratch / "store";
  if (told.options.memory_limit_bytes == 0) told.options.memory_limit_bytes = half_of_memory_bytes();
  const auto run = [&]() -> Result<GenerationInfo> {
    TAMIS_RETURN_IF_ERROR(directory_.remove(scratch_name));
    std::error_code error;
    std::filesystem::create_directories(scratch, error);
    if (error) return Status::io_error("cannot create " + scratch.string() + ": " + error.message());
    TAMIS_RETURN_IF_ERROR(store_->flush());
    TAMIS_RETURN_IF_ERROR(store_->checkpoint(told.store));
    TAMIS_RETURN_IF_ERROR(write_file_synced(scratch / "task.json", training_task_to_json(told)));
    return train_in_process(options_->training.worker_command, scratch / "task.json", control);
  };
  Result<GenerationInfo> made = run();
  if (const Status removed = directory_.remove(scratch_name); !removed.is_ok())
    spdlog::warn("what a training run worked on could not be removed: {}", removed.to_string());
  if (made.is_ok()) return made;
  for (const std::string& left :
       {task.generation, task.generation + kTemporarySuffix, task.generation + ".trial" + kTemporarySuffix,
        "models-of-" + task.generation + ".trial" + kTemporarySuffix})
    TAMIS_RETURN_IF_ERROR(directory_.remove(left));
  return made;
}

Result<std::string> TrainerImpl::register_and_promote(GenerationInfo info, bool promote, JobRun* job) {
  const GateDecision gate = check_gate(info, serving_info(), options_->training.gate_tolerance);
  if (!gate.holds) {
    info.state = "rejected";
    info.note = "rejected: " + gate.reason + (info.note.empty() ? "" : "; " + info.note);
  }
  if (const Status added = registry_->add(info); !added.is_ok()) {
    TAMIS_RETURN_IF_ERROR(directory_.remove(info.id));
    return added;
  }
  if (!gate.holds) {
    job->set_rejected();
    spdlog::warn("generation '{}' is rejected: {}", info.id, gate.reason);
    return info.id + " was rejected: " + gate.reason;
  }
  if (!promote) return info.id + " was kept and not promoted, as asked";
  MutexLock lock(promotion_mutex_);
  Status served = serve(info.id, [&] { return registry_->set_serving(info.id); });
  if (!served.is_ok()) return std::move(served).with_context("promoting " + info.id);
  spdlog::info("generation '{}' serves: {}", info.id, gate.reason);
  return info.id + " serves: " + gate.reason;
}

void TrainerImpl::remove_superfluous() {
  std::vector<std::string> ids = registry_->superfluous(options_->training.keep_generations);
  {
    MutexLock lock(state_mutex_);
    std::erase(ids, base_);
    if (serving_ != nullptr) std::erase(ids, serving_->info.id);
  }
  if (ids.empty()) return;
  Status removed = registry_->remove(ids);
  for (const std::string& id : ids)
    if (removed.is_ok()) removed = directory_.remove(id);
  // What stays is removed after the next run, or when the trainer is opened next.
  if (!removed.is_ok())
    spdlog::warn("old generations could not be removed: {}", removed.to_string());
  else
    spdlog::info("generations removed: {} (training.keep_generations is {})", join(ids),
                 options_->training.keep_generations);
}

void TrainerImpl::train_if_due() {
  if (options_->training.schedule_s <= 0) return;
  const std::uint64_t interactions = store_->counts().interactions;
  const bool is_calm = calm_.is_calm(options_->clock->now_ms(), interactions);
  const Registry::LastRun last = registry_->last_run();
  const Schedule schedule(options_->training, last.ms, last.interactions);
  if (!is_calm || !jobs_.is_idle() || !schedule.is_due(options_->clock->now_ms(), interactions)) return;
  if (const Result<Job> job = train({}); !job.is_ok())
    spdlog::warn("the scheduled training could not be queued: {}", job.status().to_string());
}

Status TrainerImpl::check_writable(std::string_view action) const {
  if (!options_->read_only) return Status::ok();
  return Status::failed_precondition("the database is open read-only: it cannot " + std::string(action));
}

}  // namespace tamis::engine
