#include "engine/serving.h"

#include <spdlog/spdlog.h>

#include <span>
#include <utility>

#include "engine/index_files.h"
#include "engine/space_index.h"

namespace tamis::engine {
namespace {

struct FoldInOfGeneration {
  explicit FoldInOfGeneration(std::shared_ptr<const Generation> generation_in)
      : generation(std::move(generation_in)), fold_in(generation->ials->item_factors, generation->ials->options) {}
  std::shared_ptr<const Generation> generation;  // holds the factors
  models::IalsFoldIn fold_in;
};

// Makes `target` hold exactly the rows of the generation whose entities exist.
void reconcile(const std::vector<DenseId>& ids, const std::vector<float>& factors, std::size_t dim,
               const EntityTable& entities, SpaceIndex* space, EntityKind kind) {
  index::VectorIndex& target = index_of(*space, kind);
  for (std::size_t row = 0; row < ids.size(); ++row) {
    if (ids[row] == kNoDenseId) continue;
    const bool wanted = entities.contains(ids[row]);
    if (wanted == target.contains(ids[row])) continue;
    space->changes.fetch_add(1, std::memory_order_relaxed);
    if (!wanted) {
      target.remove(ids[row]);
      continue;
    }
    const Status status = target.upsert(ids[row], std::span(factors).subspan(row * dim, dim));
    if (!status.is_ok()) spdlog::error("space ials: {}", status.to_string());
  }
}

}  // namespace

Result<Serving> prepare_serving(std::shared_ptr<const Generation> generation, const DatabaseOptions& options,
                                const LiveState& live, const std::filesystem::path& index_dir, Sequence last_sequence) {
  Serving serving;
  serving.generation = std::move(generation);
  if (serving.generation == nullptr || !serving.generation->ials) return serving;
  const Generation& made = *serving.generation;
  auto fold_in = std::make_shared<const FoldInOfGeneration>(serving.generation);
  serving.ials_fold_in = std::shared_ptr<const models::IalsFoldIn>(fold_in, &fold_in->fold_in);
  auto loaded =
      load_space_index(index_dir, ials_space(made, options.index), options.index, made.info.id, last_sequence);
  if (loaded.is_ok()) {
    serving.ials = std::move(loaded->index);
    return serving;
  }
  TAMIS_ASSIGN_OR_RETURN(serving.ials, build_ials_index(made, options.index, live.entities(EntityKind::kUser),
                                                        live.entities(EntityKind::kItem)));
  return serving;
}

void publish_serving(const Serving& serving, LiveState* live) {
  if (serving.ials != nullptr) {
    const Generation& made = *serving.generation;
    const std::size_t dim = made.ials->options.dim;
    reconcile(made.items, made.ials->item_factors, dim, live->entities(EntityKind::kItem), serving.ials.get(),
              EntityKind::kItem);
    reconcile(made.users, made.ials->user_factors, dim, live->entities(EntityKind::kUser), serving.ials.get(),
              EntityKind::kUser);
  }
  live->publish([&](ReadState& state) {
    state.generation = serving.generation;
    state.ials_fold_in = serving.ials_fold_in;
    state.spaces.erase(std::string(kIalsSpace));
    if (serving.ials != nullptr) state.spaces[std::string(kIalsSpace)] = serving.ials;
  });
}

}  // namespace tamis::engine
