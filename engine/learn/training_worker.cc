#include "engine/training_worker.h"

#include <sched.h>
#include <signal.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <new>
#include <string_view>
#include <thread>

#include "common/durable_files.h"
#include "common/mutex.h"
#include "engine/learn/dataset.h"
#include "engine/learn/learned_models.h"
#include "engine/learn/train_generation.h"
#include "engine/learn/training_task.h"
#include "engine/settings/ranker_settings.h"

namespace tamis {
namespace {

using namespace engine;

constexpr std::uint64_t kMaxTaskBytes = 64ull << 20;
constexpr std::chrono::milliseconds kReportPeriod{50};
constexpr double kWorkerLoaded = 0.05;  // share of the worker's progress

// Made before memory can run out, since telling of it must not allocate.
std::string& last_words() {
  static std::string line;
  return line;
}

void write_report(std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(kReportFile, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) std::_Exit(1);  // nobody listens any more
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

void report(const WorkerMessage& message) { write_report(worker_message_to_json(message) + "\n"); }

[[noreturn]] void die_of_want() {
  write_report(last_words());
  std::_Exit(1);
}

// A process that cannot be limited trains all the same: limits protect, they are not the promise.
void limit_self(const TrainingOptions& options) {
  const sched_param parameters{};
  (void)::sched_setscheduler(0, SCHED_BATCH, &parameters);
  (void)::setpriority(PRIO_PROCESS, 0, static_cast<int>(options.nice));
  if (std::FILE* adjustment = std::fopen("/proc/self/oom_score_adj", "w")) {  // the kernel's first choice
    std::fputs("1000", adjustment);
    std::fclose(adjustment);
  }
  if (options.memory_limit_bytes == 0) return;
  const rlimit limit{.rlim_cur = options.memory_limit_bytes, .rlim_max = options.memory_limit_bytes};
  (void)::setrlimit(RLIMIT_DATA, &limit);  // heap and private mappings: not files that are mapped to be read
  last_words() = worker_message_to_json(Status::resource_exhausted("training ran out of its " +
                                                                   std::to_string(options.memory_limit_bytes >> 20) +
                                                                   " MiB of memory (training.memory_limit)")) +
                 "\n";
  std::set_new_handler(die_of_want);
}

// Sends what is logged to the parent, whose log it goes into.
class ReportingSink final : public spdlog::sinks::base_sink<std::mutex> {
 private:
  void sink_it_(const spdlog::details::log_msg& line) override {
    const auto level = spdlog::level::to_string_view(line.level);
    report(WorkerLog{.level = {level.data(), level.size()}, .text = {line.payload.data(), line.payload.size()}});
  }
  void flush_() override {}
};

// Warnings and errors only. The run's trial database also logs its start and its generations, which would mislead.
void log_to_parent() {
  auto logger = std::make_shared<spdlog::logger>("training", std::make_shared<ReportingSink>());
  logger->set_level(spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
}

// Reports at most every kReportPeriod, but every stage. Thread-safe.
class Reporter {
 public:
  void operator()(double progress, std::string_view stage, std::string_view detail) {
    MutexLock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (stage == stage_ && now - last_ < kReportPeriod) return;
    stage_ = stage;
    last_ = now;
    report(WorkerProgress{.progress = progress, .stage = stage_, .detail = std::string(detail)});
  }

 private:
  Mutex mutex_;
  std::string stage_ TAMIS_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point last_ TAMIS_GUARDED_BY(mutex_);
};

Result<GenerationInfo> train(const TrainingTask& task, const TextEmbedderFactory& text_embedders) {
  TAMIS_ASSIGN_OR_RETURN(const ModelSettings settings, parse_model_settings(task.options));
  Reporter reporter;
  RunControl control{.threads = task.options.threads, .report = {}, .cancelled = nullptr};
  control.report = [&reporter](double progress, std::string_view stage, std::string_view detail) {
    reporter(progress, stage, detail);
  };
  control.warn = [](const std::string& warning) { report(WorkerWarning{warning}); };
  control.stage("load", 0, kWorkerLoaded);
  storage::StoreOptions options;
  options.block_cache_bytes = 8u << 20;  // one pass over it
  options.min_free_disk_bytes = 0;
  options.read_only = true;
  TAMIS_ASSIGN_OR_RETURN(std::unique_ptr<storage::Store> store, storage::Store::open(task.store, options));
  TAMIS_ASSIGN_OR_RETURN(Dataset dataset,
                         load_dataset(*store, types_of(task), task.now_ms, nullptr, need_features(task.options.models),
                                      need_baskets(task.options.models) || need_baskets(task.inheritance.members)));
  std::shared_ptr<const models::TextEmbedderSource> source;
  if (text_embedders) {
    TAMIS_ASSIGN_OR_RETURN(source, text_embedders(task.options));
    dataset.text_embedders = source.get();
  }
  TrainingRun run{.generation = task.generation,
                  .created_ms = task.now_ms,
                  .models = task.options.models,
                  .settings = settings,
                  .holdout = task.options.holdout,
                  .text_settings = task.options.settings,
                  .budget_s = task.options.budget_s,
                  .clock = task.clock,
                  .inheritance = task.inheritance,
                  .tolerance = task.options.gate_tolerance};
  if (may_rank(run.models)) {
    TAMIS_ASSIGN_OR_RETURN(run.served, load_served_lists(*store, dataset, nullptr));
  }
  const std::optional<FunnelTrial> trial = trial_of(task, options_of(task), *store);
  if (trial)
    run.trial = &*trial;
  else
    store.reset();
  return train_generation(dataset, run, task.output, control.part("", kWorkerLoaded, 1));
}

}  // namespace

int run_training_worker(const std::filesystem::path& task_file, const TextEmbedderFactory& text_embedders) {
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)::signal(SIGPIPE, SIG_IGN);
  log_to_parent();
  const auto run = [&]() -> Result<GenerationInfo> {
    TAMIS_ASSIGN_OR_RETURN(const std::string text, read_whole_file(task_file, kMaxTaskBytes));
    TAMIS_ASSIGN_OR_RETURN(const TrainingTask task, parse_training_task(text));
    limit_self(task.options);
    try {
      return train(task, text_embedders);
    } catch (const std::exception& failure) {
      return Status::internal(std::string("training failed: ") + failure.what());
    }
  };
  const Result<GenerationInfo> made = run();
  report(made.is_ok() ? WorkerMessage(*made) : WorkerMessage(made.status()));
  return made.is_ok() ? 0 : 1;
}

}  // namespace tamis
