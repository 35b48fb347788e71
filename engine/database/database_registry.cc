// Spaces and their vectors; views of the whole.
#include <chrono>
#include <utility>

#include "common/cancellation.h"
#include "engine/database/database_impl.h"
#include "engine/live/space_index.h"
#include "engine/overview/overview.h"
#include "engine/serving/trained_vector.h"

namespace tamis::engine {
namespace {

constexpr std::chrono::milliseconds kLayoutPatience{1'000};  // a layout that takes longer is left to its job

Status no_space(std::string_view name) {
  return Status::not_found("space \"" + std::string(name) + "\" does not exist").at_field("space");
}

Status no_vector(std::string_view space, std::string_view id) {
  return Status::not_found("\"" + std::string(id) + "\" has no vector in space \"" + std::string(space) + "\"");
}

}  // namespace

std::vector<Space> DatabaseImpl::list_spaces() const {
  std::vector<Space> spaces;
  for (const auto state = live()->pin(); const auto& [name, space] : state->spaces) spaces.push_back(space->space);
  return spaces;
}

Result<Space> DatabaseImpl::get_space(std::string_view name) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const auto state = live()->pin();
  const auto found = state->spaces.find(name);
  if (found == state->spaces.end()) return no_space(name);
  return found->second->space;
}

Result<VersionedVector> DatabaseImpl::get_vector(std::string_view space, EntityKind kind, std::string_view id) const {
  TAMIS_ASSIGN_OR_RETURN(const DenseId dense, find_live(kind, id));
  const auto state = live()->pin();
  const auto found = state->spaces.find(space);
  if (found == state->spaces.end()) return no_space(space);
  if (!is_trained(found->second->space)) {
    auto row = live()->vector_rows().get(space, kind, dense);
    if (row.is_ok()) return **row;
    return row.status().code() == StatusCode::kNotFound ? no_vector(space, id) : row.status();
  }
  const models::Encoder* encoder = state->generation->encoder(space);
  const auto entity = live()->entities(kind).get(dense, options_.clock->now_ms());
  VersionedVector made{.vector = std::vector<float>(found->second->space.dim)};
  const bool is_made_online = kind == EntityKind::kItem && (options_.online.enabled || encoder->asks_server());
  if (is_made_online && found->second->items->get(dense, made.vector)) return made;
  if (!find_trained_vector(*state->generation, *encoder, kind, dense, entity.get(), made.vector))
    return no_vector(space, id);
  return made;
}

Result<SpaceFactors> DatabaseImpl::find_space_factors(const SpaceFactorsRequest& request) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const Sequence sequence = visible_.get();
  return engine::find_space_factors(*live()->pin(), request, sequence);
}

std::shared_ptr<const SpaceLayout> DatabaseImpl::layout_of(const std::string& space) const {
  MutexLock lock(layouts_mutex_);
  const auto found = layouts_.find(space);
  return found == layouts_.end() ? nullptr : found->second;
}

Result<std::string> DatabaseImpl::start_layout(const std::string& space) {
  MutexLock lock(layouts_mutex_);
  std::string& last = layout_jobs_[space];
  if (const auto job = map_jobs_.get(last);
      job.is_ok() && (job->state == JobState::kQueued || job->state == JobState::kRunning))
    return last;
  const auto job = map_jobs_.submit(++last_map_job_, [this, space](JobRun& run) -> Result<std::string> {
    const LayoutControl control{
        .report = [&](double progress, std::string_view stage) { run.report(progress, stage, space); },
        .cancelled = run.cancelled()};
    const std::shared_ptr<const SpaceLayout> before = layout_of(space);
    TAMIS_ASSIGN_OR_RETURN(SpaceLayout layout, lay_out_space(*live()->pin(), space, before.get(), control));
    const std::string detail = std::to_string(layout.items.size()) + " items of " + space;
    MutexLock kept(layouts_mutex_);
    layouts_[space] = std::make_shared<const SpaceLayout>(std::move(layout));
    return detail;
  });
  if (!job.is_ok()) return job.status();
  last = job->id;
  return last;
}

Result<std::shared_ptr<const SpaceLayout>> DatabaseImpl::find_layout(const std::string& space, std::string* job) {
  const auto current = [&]() -> std::shared_ptr<const SpaceLayout> {
    auto layout = layout_of(space);
    return layout != nullptr && is_current(*live()->pin(), space, *layout) ? layout : nullptr;
  };
  if (auto layout = current()) return layout;
  if (!live()->pin()->spaces.contains(space)) return no_space(space);
  TAMIS_ASSIGN_OR_RETURN(*job, start_layout(space));
  const auto deadline = std::chrono::steady_clock::now() + kLayoutPatience;
  TAMIS_ASSIGN_OR_RETURN(Job running, map_jobs_.get(*job));
  while (running.state == JobState::kQueued || running.state == JobState::kRunning) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    TAMIS_RETURN_IF_ERROR(check_cancelled());
    TAMIS_ASSIGN_OR_RETURN(running, map_jobs_.wait(*job, running, left));
  }
  if (running.state == JobState::kFailed) return running.failure;
  return current();
}

Result<SpaceMap> DatabaseImpl::map_space(const SpaceMapRequest& request) {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  std::shared_ptr<const SpaceLayout> layout;
  std::string job;
  if (request.method == MapMethod::kUmap) {
    TAMIS_ASSIGN_OR_RETURN(layout, find_layout(request.space, &job));
  }
  const Sequence sequence = visible_.get();
  auto map = engine::map_space(*live()->pin(), request, sequence, layout.get());
  if (map.is_ok() && layout == nullptr) map->pending = job;
  return map;
}

Result<MatrixSample> DatabaseImpl::sample_matrix(const MatrixSampleRequest& request) const {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const Sequence sequence = visible_.get();
  return engine::sample_matrix(*live()->pin(), request, sequence);
}

}  // namespace tamis::engine
