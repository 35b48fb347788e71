// Batches of a database.
#include "engine/database/database_impl.h"

namespace tamis::engine {

Result<Batch> DatabaseImpl::start_batch(const BatchRequest& request) {
  TAMIS_RETURN_IF_ERROR(check_writable());
  return batches_->start(request);
}

Result<Batch> DatabaseImpl::get_batch(std::string_view id) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  TAMIS_ASSIGN_OR_RETURN(Batch batch, batches_->get(id));
  // What runs is ahead of what is saved.
  if (const Result<Job> job = batches_->jobs().get(id); job.is_ok() && job->state == JobState::kRunning) {
    batch.progress = std::max(batch.progress, job->progress);
    batch.detail = job->detail;
  }
  return batch;
}

Result<std::vector<Batch>> DatabaseImpl::list_batches() const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  return batches_->list();
}

Status DatabaseImpl::delete_batch(std::string_view id) {
  TAMIS_RETURN_IF_ERROR(check_writable());
  return batches_->remove(id);
}

}  // namespace tamis::engine
