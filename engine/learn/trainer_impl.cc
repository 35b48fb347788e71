#include "engine/learn/trainer_impl.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "engine/interactions/stored_types.h"
#include "engine/learn/dataset.h"
#include "engine/learn/durable_files.h"
#include "engine/learn/gate.h"
#include "engine/learn/generation_files.h"
#include "engine/learn/learned_models.h"
#include "engine/learn/train_generation.h"
#include "engine/learn/training_process.h"
#include "engine/rank/ranker_settings.h"

namespace tamis::engine {
namespace {

constexpr double kLoaded = 0.05;  // shares of a job's progress
constexpr double kTrained = 0.95;

std::uint32_t thread_count(const TrainingOptions& options) {
  return options.threads > 0 ? options.threads : std::max(1u, std::thread::hardware_concurrency());
}

std::uint64_t half_of_memory_bytes() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_bytes = ::sysconf(_SC_PAGESIZE);
  return pages > 0 && page_bytes > 0 ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_bytes) / 2
                                     : 0;
}

// Of the configured models' order, those asked for.
std::vector<std::string> requested_models(const TrainRequest& request, const TrainingOptions& options) {
  return request.models.empty() ? options.models : request.models;
}

void observe_end(Observer* observer, const Job& job) {
  if (observer == nullptr) return;
  observer->on_job_end(job.kind, job_state_name(job.state),
                       static_cast<double>(job.finished_ms - job.started_ms) / 1'000);
}

}  // namespace

Result<std::unique_ptr<Trainer>> Trainer::open(const std::filesystem::path& generations_dir, storage::Store* store,
                                               TrainerHost* host, const DatabaseOptions* options) {
  TAMIS_RETURN_IF_ERROR(validate_model_names(options->training.models, "training.models"));
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

Result<std::shared_ptr<const Generation>> TrainerImpl::load_serving() {
  const std::string id = registry_->serving();
  if (id.empty()) return std::shared_ptr<const Generation>();
  Result<std::shared_ptr<const Generation>> loaded = load(id);
  if (!loaded.is_ok()) {
    const Status damage = Status(loaded.status()).with_context("generation '" + id + "'");
    if (damage.code() == StatusCode::kCorruption)
      if (const Status marked = mark_corrupt(id, loaded.status()); !marked.is_ok())
        spdlog::warn("generation '{}' is damaged, and could not be marked so: {}", id, marked.to_string());
    return damage;
  }
  MutexLock lock(promotion_mutex_);
  serving_ = *loaded;
  return loaded;
}

void TrainerImpl::start_schedule() {
  if (options_->training.schedule_s <= 0 || options_->read_only || timer_) return;
  timer_ = std::make_unique<ScheduleTimer>([this] { train_if_due(); });
}

Result<Job> TrainerImpl::train(const TrainRequest& request) {
  TAMIS_RETURN_IF_ERROR(check_writable("train"));
  if (!request.models.empty()) TAMIS_RETURN_IF_ERROR(validate_model_names(request.models, "models"));
  TAMIS_ASSIGN_OR_RETURN(const std::uint64_t number, registry_->take_job_number());
  return jobs_.submit(number, [this, request](JobRun& job) { return run_job(job, request); });
}

Status TrainerImpl::promote(std::string_view generation) {
  TAMIS_RETURN_IF_ERROR(check_writable("promote"));
  TAMIS_ASSIGN_OR_RETURN(const GenerationInfo info, registry_->get(generation));
  {
    MutexLock lock(promotion_mutex_);
    if (info.state == "serving" && serving_ != nullptr && serving_->info.id == info.id) return Status::ok();
    const auto point = [&] {
      if (info.state != "ready" && info.state != "serving")
        TAMIS_RETURN_IF_ERROR(registry_->set_state(info.id, "ready", "promoted by hand; was " + info.state));
      return registry_->set_serving(info.id);
    };
    TAMIS_RETURN_IF_ERROR(serve(info.id, point));
  }
  remove_superfluous();
  return Status::ok();
}

Result<std::string> TrainerImpl::rollback() {
  TAMIS_RETURN_IF_ERROR(check_writable("roll back"));
  MutexLock lock(promotion_mutex_);
  const std::optional<std::string> target = registry_->rollback_target();
  if (!target) return Status::failed_precondition("no generation that is still there served before");
  TAMIS_RETURN_IF_ERROR(serve(*target, [&] { return registry_->set_rolled_back(*target); }));
  return *target;
}

Result<std::string> TrainerImpl::run_job(JobRun& job, const TrainRequest& request) {
  RunControl control{.threads = thread_count(options_->training), .report = {}, .cancelled = job.cancelled()};
  control.report = [&job](double progress, std::string_view stage, std::string_view detail) {
    job.report(progress, stage, detail);
  };
  const TimestampMs now_ms = options_->clock->now_ms();
  TAMIS_ASSIGN_OR_RETURN(const std::string id,
                         registry_->begin_run({.ms = now_ms, .interactions = store_->counts().interactions}));
  TAMIS_ASSIGN_OR_RETURN(const auto types, load_interaction_types(*store_, start_types(*options_)));
  TrainingTask task{.store = {},
                    .output = directory_.path_of(id),
                    .generation = id,
                    .now_ms = now_ms,
                    .options = options_->training,
                    .interaction_types = types->list(),
                    .clock = rank_clock(*options_)};
  task.options.models = requested_models(request, options_->training);
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
  Result<std::string> told = register_and_promote(info, request.promote);
  if (told.is_ok() || registry_->get(id).is_ok()) job.set_generation(id);
  return told;
}

Result<GenerationInfo> TrainerImpl::train_here(const TrainingTask& task, const RunControl& control) const {
  control.stage("load", 0, kLoaded);
  TAMIS_ASSIGN_OR_RETURN(Dataset dataset, load_dataset(*store_, types_of(task), task.now_ms, control.cancelled,
                                                       need_features(task.options.models)));
  dataset.text_embedders = options_->text_embedders.get();
  TrainingRun run{.generation = task.generation,
                  .created_ms = task.now_ms,
                  .models = task.options.models,
                  .settings = settings_,
                  .holdout = task.options.holdout,
                  .clock = task.clock};
  if (has_ranker(run.models)) {
    TAMIS_ASSIGN_OR_RETURN(run.served, load_served_lists(*store_, dataset, control.cancelled));
  }
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
    TAMIS_RETURN_IF_ERROR(store_->checkpoint(told.store));
    TAMIS_RETURN_IF_ERROR(write_file_synced(scratch / "task.json", training_task_to_json(told)));
    return train_in_process(options_->training.worker_command, scratch / "task.json", control);
  };
  Result<GenerationInfo> made = run();
  if (const Status removed = directory_.remove(scratch_name); !removed.is_ok())
    spdlog::warn("what a training run worked on could not be removed: {}", removed.to_string());
  if (made.is_ok()) return made;
  for (const std::string& left : {task.generation, task.generation + kTemporarySuffix})
    TAMIS_RETURN_IF_ERROR(directory_.remove(left));
  return made;
}

Result<std::string> TrainerImpl::register_and_promote(GenerationInfo info, bool promote) {
  std::optional<GenerationInfo> serving;
  if (const Result<GenerationInfo> current = registry_->get(registry_->serving());
      current.is_ok() && current->state == "serving")
    serving = *current;
  const GateDecision gate = check_gate(info, serving, options_->training.gate_tolerance);
  if (!gate.holds) {
    info.state = "rejected";
    info.note = "rejected: " + gate.reason + (info.note.empty() ? "" : "; " + info.note);
  }
  if (const Status added = registry_->add(info); !added.is_ok()) {
    TAMIS_RETURN_IF_ERROR(directory_.remove(info.id));
    return added;
  }
  std::string told = info.id + " was kept and not promoted, as asked";
  if (!gate.holds) {
    told = info.id + " was rejected: " + gate.reason;
  } else if (promote) {
    MutexLock lock(promotion_mutex_);
    Status served = serve(info.id, [&] { return registry_->set_serving(info.id); });
    if (!served.is_ok()) return std::move(served).with_context("promoting " + info.id);
    told = info.id + " serves: " + gate.reason;
  }
  remove_superfluous();
  return told;
}

Result<std::shared_ptr<const Generation>> TrainerImpl::load(std::string_view id) const {
  TAMIS_ASSIGN_OR_RETURN(GenerationContents contents,
                         read_generation(directory_.path_of(id), options_->text_embedders.get()));
  if (contents.info.id != id)
    return Status::corruption("the manifest is that of generation '" + contents.info.id + "'");
  return bind_generation(std::move(contents), store_->ids(EntityKind::kUser), store_->ids(EntityKind::kItem));
}

Status TrainerImpl::serve(std::string_view id, const std::function<Status()>& point) {
  Result<std::shared_ptr<const Generation>> loaded = load(id);
  if (!loaded.is_ok()) {
    if (loaded.status().code() == StatusCode::kCorruption) TAMIS_RETURN_IF_ERROR(mark_corrupt(id, loaded.status()));
    return Status(loaded.status()).with_context("generation '" + std::string(id) + "'");
  }
  TAMIS_RETURN_IF_ERROR(host_->serve(*loaded));
  Status pointed = point();
  if (!pointed.is_ok()) {
    if (const Status back = host_->serve(serving_); !back.is_ok())
      spdlog::error("generation '{}' serves though it could not be registered ({}); going back failed: {}", id,
                    pointed.to_string(), back.to_string());
    return pointed;
  }
  serving_ = *loaded;
  return Status::ok();
}

Status TrainerImpl::mark_corrupt(std::string_view id, const Status& damage) {
  return registry_->set_state(id, "corrupt", damage.message());
}

void TrainerImpl::remove_superfluous() {
  const std::vector<std::string> ids = registry_->superfluous(options_->training.keep_generations);
  Status removed = registry_->remove(ids);
  for (const std::string& id : ids)
    if (removed.is_ok()) removed = directory_.remove(id);
  // What stays is removed after the next run, or when the trainer is opened next.
  if (!removed.is_ok()) spdlog::warn("old generations could not be removed: {}", removed.to_string());
}

void TrainerImpl::train_if_due() {
  const Registry::LastRun last = registry_->last_run();
  const Schedule schedule(options_->training, last.ms, last.interactions);
  if (!jobs_.is_idle() || !schedule.is_due(options_->clock->now_ms(), store_->counts().interactions)) return;
  if (const Result<Job> job = train({}); !job.is_ok())
    spdlog::warn("the scheduled training could not be queued: {}", job.status().to_string());
}

Status TrainerImpl::check_writable(std::string_view action) const {
  if (!options_->read_only) return Status::ok();
  return Status::failed_precondition("the database is open read-only: it cannot " + std::string(action));
}

}  // namespace tamis::engine
