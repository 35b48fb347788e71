// Learning: what the trainer does for callers, and what the database does for the trainer.
#include <algorithm>
#include <array>
#include <utility>

#include "engine/database/database_impl.h"
#include "engine/experiments/experiment_set.h"
#include "engine/recovery/prepare_serving.h"

namespace tamis::engine {

Result<Job> DatabaseImpl::train(const TrainRequest& request) {
  TAMIS_RETURN_IF_ERROR(check_writable());
  return trainer_->train(request);
}

const JobQueue* DatabaseImpl::own_queue(std::string_view job) const {
  if (job.starts_with(kEvaluationPrefix)) return &evaluations_;
  if (job.starts_with(kSimulationPrefix)) return &simulations_;
  if (job.starts_with(kMapPrefix)) return &map_jobs_;
  return job.starts_with(Batches::kPrefix) ? &std::as_const(*batches_).jobs() : nullptr;
}

Result<Job> DatabaseImpl::get_job(std::string_view id) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const JobQueue* own = own_queue(id);
  return own != nullptr ? own->get(id) : trainer_->get_job(id);
}

std::vector<Job> DatabaseImpl::list_jobs() const {
  if (!is_ready()) return {};
  std::vector<Job> jobs = trainer_->list_jobs();
  for (const JobQueue* queue : {&evaluations_, &simulations_, &map_jobs_, &std::as_const(*batches_).jobs()})
    for (Job& job : queue->list()) jobs.push_back(std::move(job));
  std::stable_sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) { return a.created_ms > b.created_ms; });
  return jobs;
}

Status DatabaseImpl::cancel_job(std::string_view id) {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  JobQueue* own = own_queue(id);
  return own != nullptr ? own->cancel(id) : trainer_->cancel_job(id);
}

Result<Job> DatabaseImpl::wait_job(std::string_view id, const Job& seen, std::chrono::milliseconds timeout) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const JobQueue* own = own_queue(id);
  return own != nullptr ? own->wait(id, seen, timeout) : trainer_->wait_job(id, seen, timeout);
}

std::vector<GenerationInfo> DatabaseImpl::list_generations() const {
  return is_ready() ? trainer_->list_generations() : std::vector<GenerationInfo>();
}

Status DatabaseImpl::promote(std::string_view generation) {
  TAMIS_RETURN_IF_ERROR(check_writable());
  return trainer_->promote(generation);
}

Result<std::string> DatabaseImpl::rollback() {
  TAMIS_RETURN_IF_ERROR(check_writable());
  return trainer_->rollback();
}

std::shared_ptr<void> DatabaseImpl::watch_jobs(std::function<void()> changed) const {
  if (!is_ready()) return nullptr;
  using Watches = std::array<std::shared_ptr<void>, 5>;
  return std::make_shared<Watches>(Watches{trainer_->watch_jobs(changed), evaluations_.watch(changed),
                                           simulations_.watch(changed), map_jobs_.watch(changed),
                                           batches_->jobs().watch(changed)});
}

Result<GenerationInfo> DatabaseImpl::import_generation(const std::filesystem::path& dir, std::string_view name) {
  TAMIS_RETURN_IF_ERROR(check_writable());
  return trainer_->import_generation(dir, name);
}

Status DatabaseImpl::export_generation(std::string_view generation, const std::filesystem::path& dir) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  return trainer_->export_generation(generation, dir);
}

void DatabaseImpl::before_training() {
  if (!options_.read_only) impressions_->write_pending();
}

void DatabaseImpl::set_aside(const std::string& document, const Status& why) {
  live()->quarantine().add(Quarantine::kDocument, "of the trainer " + in_quotes(document), why);
}

Status DatabaseImpl::commit(std::vector<Mutation> mutations) {
  return queue_->commit(std::move(mutations), Durability::kSync).status();
}

std::string DatabaseImpl::serving_id() const {
  const auto state = live()->pin();
  return state->generation == nullptr ? "" : state->generation->info.id;
}

std::vector<FunnelConfig> DatabaseImpl::funnels_in_use() const {
  constexpr std::size_t kMostCompared = 8;
  const auto state = live()->pin();
  std::vector<std::string> names = {"default"};
  const auto add = [&](const std::string& name) {
    if (names.size() < kMostCompared && state->funnels.contains(name) &&
        std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(name);
  };
  if (state->experiments != nullptr)
    for (const ExperimentConfig& experiment : state->experiments->list())
      for (const ExperimentArm& arm : experiment.arms) add(arm.funnel);
  for (const auto& [name, funnel] : state->funnels) add(name);
  std::vector<FunnelConfig> funnels;
  for (const std::string& name : names) {
    const auto found = state->funnels.find(name);
    if (found == state->funnels.end()) continue;
    funnels.push_back(*found->second);
    funnels.back().base.clear();
    funnels.back().inherited.clear();
  }
  return funnels;
}

// Commits go on while the indexes are made. What they changed is reconciled afterwards, and they wait for the end
// alone.
Status DatabaseImpl::serve(std::shared_ptr<const Generation> generation) {
  constexpr Sequence kFewRecords = 256;
  constexpr int kMostRounds = 20;  // writes may come faster than they are reconciled
  const std::shared_ptr<LiveState> prepared_for = live();
  Sequence through = visible_.get();
  TAMIS_ASSIGN_OR_RETURN(Serving serving, prepare_serving(std::move(generation), options_, *prepared_for, layout_.index,
                                                          store_->last_sequence()));
  bool is_whole = true;  // whether all up to `through` is reconciled
  const auto follow = [&] {
    const Sequence newest = visible_.get();
    is_whole = is_whole && reconcile_records(*store_, *prepared_for, through, newest, &serving).is_ok();
    through = newest;
  };
  for (int round = 0; round < kMostRounds && visible_.get() > through + kFewRecords; ++round) follow();
  std::shared_ptr<const ReadState> before;  // freed when commits go on again
  between_commits("promotion", [&] {
    follow();
    if (!is_whole || live() != prepared_for) reconcile_all(*live(), &serving);  // else a rewind replaced it
    before = publish_serving(serving, live().get());
    if (online_ != nullptr) online_->on_generation();
  });
  return Status::ok();
}

}  // namespace tamis::engine
