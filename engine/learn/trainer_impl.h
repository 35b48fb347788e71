// TrainerImpl: joins the job queue, the registry and the files of generations; see engine/trainer.h.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/mutex.h"
#include "engine/learn/generation_directory.h"
#include "engine/learn/job_queue.h"
#include "engine/learn/model_settings.h"
#include "engine/learn/registry.h"
#include "engine/learn/run_control.h"
#include "engine/learn/schedule.h"
#include "engine/learn/schedule_timer.h"
#include "engine/learn/training_task.h"
#include "engine/trainer.h"

namespace tamis::engine {

class TrainerImpl final : public Trainer {
 public:
  TrainerImpl(GenerationDirectory directory, storage::Store* store, TrainerHost* host, const DatabaseOptions* options,
              ModelSettings settings, std::unique_ptr<Registry> registry);
  ~TrainerImpl() override;

  Result<std::shared_ptr<const Generation>> load_serving() override;
  Result<std::shared_ptr<const Generation>> load_generation(std::string_view generation) override;
  void start_schedule() override;
  Result<Job> train(const TrainRequest& request) override;
  Result<Job> get_job(std::string_view id) const override { return jobs_.get(id); }
  std::vector<Job> list_jobs() const override { return jobs_.list(); }
  Status cancel_job(std::string_view id) override { return jobs_.cancel(id); }
  Result<Job> wait_job(std::string_view id, const Job& seen, std::chrono::milliseconds timeout) const override {
    return jobs_.wait(id, seen, timeout);
  }
  std::vector<GenerationInfo> list_generations() const override { return registry_->list(); }
  std::shared_ptr<void> watch_jobs(std::function<void()> changed) const override {
    return jobs_.watch(std::move(changed));
  }
  Status promote(std::string_view generation) override;
  Result<std::string> rollback() override;
  Result<GenerationInfo> import_generation(const std::filesystem::path& dir, std::string_view name) override;
  Status export_generation(std::string_view generation, const std::filesystem::path& dir) const override;

 private:
  Result<std::string> run_job(JobRun& job, const TrainRequest& request);
  // The run itself, on this thread or in a process of its own; the generation's files are then there.
  Result<GenerationInfo> train_here(const TrainingTask& task, const RunControl& control) const;
  Result<GenerationInfo> train_apart(const TrainingTask& task, const RunControl& control) const;
  // Registers what a run wrote and promotes it where it may serve; what to tell of it.
  Result<std::string> register_and_promote(GenerationInfo info, bool promote);
  Result<std::shared_ptr<const Generation>> load(std::string_view id) const;
  // Has the host serve `id`, then points the registry there by `point`; back again where that fails.
  Status serve(std::string_view id, const std::function<Status()>& point) TAMIS_REQUIRES(promotion_mutex_);
  Status mark_corrupt(std::string_view id, const Status& damage);
  void remove_superfluous();
  void train_if_due();
  Status check_writable(std::string_view action) const;

  const GenerationDirectory directory_;
  storage::Store* const store_;
  TrainerHost* const host_;
  const DatabaseOptions* const options_;
  const ModelSettings settings_;
  const std::unique_ptr<Registry> registry_;
  Mutex promotion_mutex_;  // one promotion or rollback at a time; queries, writes and jobs' progress never take it
  std::shared_ptr<const Generation> serving_ TAMIS_GUARDED_BY(promotion_mutex_);
  JobQueue jobs_;
  std::unique_ptr<ScheduleTimer> timer_;
};

}  // namespace tamis::engine
