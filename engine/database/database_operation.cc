// Figures and snapshots.
#include <utility>

#include "engine/database/database_impl.h"
#include "engine/query/warnings.h"

namespace tamis::engine {
namespace {

SpaceStats space_stats(const SpaceIndex& space) {
  const index::IndexStats items = space.items->stats();
  const index::IndexStats users = space.users->stats();
  SpaceStats stats;
  stats.space = space.space;
  stats.item_vectors = items.vectors;
  stats.user_vectors = users.vectors;
  stats.index_bytes = items.memory_bytes + users.memory_bytes;
  stats.tombstones = items.tombstones + users.tombstones;
  stats.segments = items.segments + users.segments;
  stats.ef = items.ef;
  stats.recall = items.recall;
  stats.recall_samples = items.recall_samples;
  return stats;
}

}  // namespace

Stats DatabaseImpl::stats() const {
  Stats stats;
  stats.sequence = visible_.get();
  stats.interactions = store_->counts().interactions;
  stats.users = live()->entities(EntityKind::kUser).live_count();
  stats.items = live()->entities(EntityKind::kItem).live_count();
  stats.interactions_by_type = live()->interactions_by_type();
  const auto state = live()->pin();
  for (const std::string& name : *state->undeclared_types)
    stats.undeclared_types[name] = state->interaction_types->nearest(name);
  stats.recounting = is_recounting();
  for (const auto& [name, space] : state->spaces) stats.spaces.push_back(space_stats(*space));
  if (state->generation != nullptr) stats.generation = state->generation->info.id;
  if (is_ready()) {
    stats.generation_problem = trainer_->problem();
    for (const GenerationInfo& generation : trainer_->list_generations()) {
      if (generation.state == "serving") break;
      if (generation.state == "rejected") ++stats.rejected_runs;
    }
    if (const auto jobs = trainer_->list_jobs(); !jobs.empty()) stats.last_job = jobs.front().id;
  }
  for (const auto& [name, funnel] : state->funnels) {
    if (auto warnings = funnel_warnings(*state, *funnel); !warnings.empty()) stats.warnings[name] = std::move(warnings);
  }
  std::vector<Warning> others = generation_warnings(*state);
  for (Warning& warning : schema_warnings(*state)) others.push_back(std::move(warning));
  if (!others.empty()) stats.warnings[""] = std::move(others);
  stats.pending_writes = queue_->pending_mutations();
  stats.memory_parts = memory_parts();
  for (const auto& [part, bytes] : stats.memory_parts) stats.memory_bytes += bytes;
  stats.memory_part_limits = memory_part_limits();
  stats.caches = live()->cache_figures();
  stats.memory_limit_bytes = memory_limit_bytes_;
  stats.free_disk_bytes = store_->free_disk_bytes();
  stats.writable = is_ready() && store_->is_writable();
  stats.quarantined = live()->quarantine().counts();
  stats.uptime_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - opened_at_).count();
  stats.storage = store_->statistics();
  if (online_ != nullptr) stats.online = online_->figures();
  stats.funnels = impressions_->funnel_figures(stats.items);
  stats.impressions = impressions_->figures();
  return stats;
}

}  // namespace tamis::engine
