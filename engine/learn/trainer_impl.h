// TrainerImpl: joins the job queue, the registry and the files of generations; see engine/learn/trainer.h.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/mutex.h"
#include "engine/generations/generation_directory.h"
#include "engine/generations/generation_files.h"
#include "engine/generations/inherit_members.h"
#include "engine/generations/registry.h"
#include "engine/learn/job_queue.h"
#include "engine/learn/run_control.h"
#include "engine/learn/schedule.h"
#include "engine/learn/schedule_timer.h"
#include "engine/learn/trainer.h"
#include "engine/learn/training_task.h"
#include "engine/settings/model_settings.h"

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
  std::vector<GenerationInfo> list_generations() const override;
  std::string problem() const override;
  std::shared_ptr<void> watch_jobs(std::function<void()> changed) const override {
    return jobs_.watch(std::move(changed));
  }
  Status promote(std::string_view generation) override;
  Result<std::string> rollback() override;
  Result<GenerationInfo> import_generation(const std::filesystem::path& dir, std::string_view name) override;
  Status erase_users(const std::set<std::string, std::less<>>& users) override;
  Status export_generation(std::string_view generation, const std::filesystem::path& dir) const override;

 private:
  // What a run learns and what it takes over.
  struct Plan {
    std::vector<std::string> models;
    Inheritance inheritance;
    std::vector<std::string> serving;  // members of the generation that serves
    std::vector<std::string> warnings;
    double holdout = 0;
  };
  Result<Plan> plan_run(const TrainRequest& request) const;
  RunControl control_of(JobRun& job) const;
  Result<std::string> run_job(JobRun& job, const TrainRequest& request);
  // Where nothing serves and an automatic run will take minutes: models that learn in seconds serve until it is
  // through.
  void serve_something_first(JobRun& job, const TrainRequest& request);
  Result<std::string> run_plan(JobRun& job, const TrainRequest& request, const Plan& plan, const RunControl& control);
  // The run itself, on this thread or in a process of its own; the generation's files are then there.
  Result<GenerationInfo> train_here(const TrainingTask& task, const RunControl& control) const;
  Result<GenerationInfo> train_apart(const TrainingTask& task, const RunControl& control) const;
  // Registers what a run wrote and promotes it where it may serve; what to tell of it.
  Result<std::string> register_and_promote(GenerationInfo info, bool promote, JobRun* job);
  Result<std::shared_ptr<const Generation>> load(std::string_view id) const;
  // Has the host serve `id`, then points the registry there by `point`; back again where that fails.
  Status serve(std::string_view id, const std::function<Status()>& point) TAMIS_REQUIRES(promotion_mutex_);
  // Notes in memory that a generation's files are damaged; the store is left alone, so that mending them is enough.
  void note_damage(std::string_view id, const Status& damage);
  Result<std::shared_ptr<const Generation>> load_newest_whole(std::string_view except);
  void mend_if_whole();
  void remove_superfluous();
  void train_if_due();
  std::shared_ptr<const Generation> serving_generation() const;
  // The serving generation as it is registered; nothing where none serves.
  std::optional<GenerationInfo> serving_info() const;
  // The work of import_generation(), while no other import has that name.
  Result<GenerationInfo> import_as(const std::filesystem::path& dir, std::string_view name);
  // Writes an imported generation, with those members of the serving one that it lacks; info tells which.
  Status write_with_what_serves(std::string_view name, GenerationContents* contents);
  Status check_writable(std::string_view action) const;

  // Where the files of a generation are of which size and time; changes when somebody mends them.
  std::string look_of_files(std::string_view id) const;

  const GenerationDirectory directory_;
  storage::Store* const store_;
  TrainerHost* const host_;
  const DatabaseOptions* const options_;
  const ModelSettings settings_;
  const std::unique_ptr<Registry> registry_;
  // One promotion or rollback at a time. Held while indexes are built and while a commit is waited for: the committing
  // thread, queries, writes and jobs' progress never take it.
  Mutex promotion_mutex_;
  mutable Mutex state_mutex_;  // held for moments only
  std::shared_ptr<const Generation> serving_ TAMIS_GUARDED_BY(state_mutex_);
  struct Damage {
    std::string reason;
    std::string files;  // what they looked like: a look at them again is due when it changes
  };
  std::map<std::string, Damage, std::less<>> damaged_ TAMIS_GUARDED_BY(state_mutex_);
  std::string problem_ TAMIS_GUARDED_BY(state_mutex_);
  std::string base_ TAMIS_GUARDED_BY(state_mutex_);  // the generation that a run takes members from
  std::set<std::string, std::less<>> importing_ TAMIS_GUARDED_BY(state_mutex_);  // names that imports are at work on
  Mutex submit_mutex_;                                                           // equal runs are queued once
  ImportCalm calm_;                                                              // of the timer's thread
  std::chrono::steady_clock::time_point looked_at_{};  // likewise: when damaged files were last looked at
  JobQueue jobs_;
  std::unique_ptr<ScheduleTimer> timer_;
};

}  // namespace tamis::engine
