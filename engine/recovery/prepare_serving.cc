#include "engine/recovery/prepare_serving.h"

#include <limits>
#include <span>
#include <utility>

#include "engine/live/space_index.h"
#include "engine/recovery/index_files.h"
#include "engine/serving/trained_vector.h"

namespace tamis::engine {
namespace {

// Makes the index of `kind` hold exactly the entities that exist and that the encoder places. Vectors that are there
// already were made by the same encoder from the same row; those made of features are made again, since features may
// have changed since the files were written.
// Returns how many vectors the index refused, and the first reason.
std::uint64_t reconcile(const Generation& generation, const models::Encoder& encoder, const EntityTable& entities,
                        SpaceIndex* space, EntityKind kind, Status* refusal) {
  std::uint64_t refused = 0;
  index::VectorIndex& target = index_of(*space, kind);
  const Vocabulary& vocabulary = generation.vocabulary(encoder.shape().name);
  const std::vector<DenseId>& trained = kind == EntityKind::kUser ? vocabulary.users : vocabulary.items;
  for (const DenseId id : trained) {
    if (entities.contains(id) || !target.contains(id)) continue;
    target.remove(id);
    space->changes.fetch_add(1, std::memory_order_relaxed);
  }
  std::vector<float> vector(encoder.shape().dim);
  entities.scan_ids(0, [&](DenseId id) {
    if (vocabulary.row_of(kind, id) != kNoDenseId && target.contains(id)) return true;
    const auto entity = entities.get(id, std::numeric_limits<TimestampMs>::min());
    if (!find_trained_vector(generation, encoder, kind, id, entity.get(), vector)) return true;
    Status status = target.upsert(id, vector);
    space->changes.fetch_add(1, std::memory_order_relaxed);
    if (!status.is_ok() && refused++ == 0 && refusal->is_ok()) *refusal = std::move(status);
    return true;
  });
  return refused;
}

}  // namespace

std::string index_maker(const Generation& generation, const OnlineOptions& online) {
  return generation.info.id + (online.enabled ? "+online" : "");
}

Result<Serving> prepare_serving(std::shared_ptr<const Generation> generation, const DatabaseOptions& options,
                                const LiveState& live, const std::filesystem::path& index_dir, Sequence last_sequence) {
  Serving serving;
  serving.generation = std::move(generation);
  if (serving.generation == nullptr) return serving;
  const Generation& made = *serving.generation;
  const auto state = live.pin();
  for (const auto& encoder : made.encoders) {
    const std::string& name = encoder->shape().name;
    if (const auto taken = state->spaces.find(name); taken != state->spaces.end() && !is_trained(taken->second->space))
      return Status::failed_precondition("generation " + made.info.id + " fills a space \"" + name +
                                         "\", which is there already and filled from outside");
    auto loaded = load_space_index(index_dir, encoder_space(*encoder, options.index), options.index,
                                   index_maker(made, options.online), last_sequence);
    if (loaded.is_ok()) {
      serving.spaces.push_back(std::move(loaded->index));
      continue;
    }
    TAMIS_ASSIGN_OR_RETURN(auto built,
                           build_encoder_index(made, *encoder, options.index, live.entities(EntityKind::kUser),
                                               live.entities(EntityKind::kItem)));
    serving.spaces.push_back(std::move(built));
  }
  return serving;
}

void publish_serving(const Serving& serving, LiveState* live) {
  live->quarantine().release_ending(Quarantine::kGeneration, "");  // of the generation before
  for (std::size_t i = 0; i < serving.spaces.size(); ++i) {
    const Generation& made = *serving.generation;
    SpaceIndex* space = serving.spaces[i].get();
    std::uint64_t refused = 0;
    Status refusal;
    for (const EntityKind kind : {EntityKind::kItem, EntityKind::kUser})
      refused += reconcile(made, *made.encoders[i], live->entities(kind), space, kind, &refusal);
    if (refused == 0) continue;
    live->quarantine().add(Quarantine::kGeneration, "part " + in_quotes(made.info.id + "/" + space->space.name),
                           std::move(refusal).with_context(std::to_string(refused) + " vectors"));
  }
  live->publish([&](ReadState& state) {
    std::erase_if(state.spaces, [](const auto& entry) { return is_trained(entry.second->space); });
    state.generation = serving.generation;
    state.funnels = live->follow_generation(serving.generation.get());
    for (const auto& space : serving.spaces) state.spaces[space->space.name] = space;
  });
}

}  // namespace tamis::engine
