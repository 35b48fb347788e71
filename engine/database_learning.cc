// Learning: what the trainer does for callers, and what the database does for the trainer.
#include <utility>

#include "engine/database_impl.h"
#include "engine/serving.h"

namespace tamis::engine {

Result<Job> DatabaseImpl::train(const TrainRequest& request) {
  TAMIS_RETURN_IF_ERROR(check_writable());
  return trainer_->train(request);
}

Result<Job> DatabaseImpl::get_job(std::string_view id) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  return trainer_->get_job(id);
}

std::vector<Job> DatabaseImpl::list_jobs() const { return is_ready() ? trainer_->list_jobs() : std::vector<Job>(); }

Status DatabaseImpl::cancel_job(std::string_view id) {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  return trainer_->cancel_job(id);
}

Result<Job> DatabaseImpl::wait_job(std::string_view id, const Job& seen, std::chrono::milliseconds timeout) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  return trainer_->wait_job(id, seen, timeout);
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
  return is_ready() ? trainer_->watch_jobs(std::move(changed)) : nullptr;
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

Status DatabaseImpl::serve(std::shared_ptr<const Generation> generation) {
  TAMIS_ASSIGN_OR_RETURN(const Serving serving, prepare_serving(std::move(generation), options_, *live(), layout_.index,
                                                                store_->last_sequence()));
  queue_->run_exclusive([&] {
    publish_serving(serving, live().get());
    if (online_ != nullptr) online_->on_generation();
  });
  return Status::ok();
}

}  // namespace tamis::engine
