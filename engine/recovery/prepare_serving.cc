#include "engine/recovery/prepare_serving.h"

#include <limits>
#include <set>
#include <utility>

#include "engine/live/space_index.h"
#include "engine/recovery/index_files.h"
#include "engine/serving/trained_vector.h"

namespace tamis::engine {
namespace {

// Brings one space of a generation into line with the entities that exist and that its encoder places. Vectors that are
// there already were made by the same encoder from the same row; those made of features are made again, since features
// may have changed.
class Reconciler {
 public:
  Reconciler(const LiveState& live, Serving* serving, std::size_t space)
      : live_(live),
        generation_(*serving->generation),
        encoder_(*generation_.encoders[space]),
        vocabulary_(generation_.vocabulary(encoder_.shape().name)),
        space_(*serving->spaces[space]),
        refusals_(serving->refusals[space]),
        vector_(encoder_.shape().dim) {}

  void reconcile_all() {
    refusals_ = {};
    for (const EntityKind kind : {EntityKind::kItem, EntityKind::kUser}) {
      for (const DenseId id : kind == EntityKind::kUser ? vocabulary_.users : vocabulary_.items)
        if (!live_.entities(kind).contains(id)) remove(kind, id);
      live_.entities(kind).scan_ids(0, [&](DenseId id) {
        place(kind, id);
        return true;
      });
    }
  }
  void reconcile(EntityKind kind, DenseId id) {
    if (id == kNoDenseId) return;
    if (live_.entities(kind).contains(id)) {
      place(kind, id);
    } else {
      remove(kind, id);
    }
  }

 private:
  void remove(EntityKind kind, DenseId id) {
    index::VectorIndex& target = index_of(space_, kind);
    if (!target.contains(id)) return;
    target.remove(id);
    space_.changes.fetch_add(1, std::memory_order_relaxed);
  }
  void place(EntityKind kind, DenseId id) {
    index::VectorIndex& target = index_of(space_, kind);
    if (vocabulary_.row_of(kind, id) != kNoDenseId && target.contains(id)) return;
    const bool is_newer = kind == EntityKind::kItem && vocabulary_.row_of(kind, id) == kNoDenseId;
    const auto entity = is_newer ? live_.entities(kind).get(id, std::numeric_limits<TimestampMs>::min()) : nullptr;
    if (!find_trained_vector(generation_, encoder_, kind, id, entity.get(), vector_)) return;
    Status status = target.upsert(id, vector_);
    space_.changes.fetch_add(1, std::memory_order_relaxed);
    if (!status.is_ok() && refusals_.count++ == 0) refusals_.first = std::move(status);
  }

  const LiveState& live_;
  const Generation& generation_;
  const models::Encoder& encoder_;
  const Vocabulary& vocabulary_;
  SpaceIndex& space_;
  Serving::Refusals& refusals_;
  std::vector<float> vector_;
};

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
    auto loaded = load_space_index(index_dir, encoder_space(*encoder, options.index), options.index, nullptr,
                                   index_maker(made, options.online), last_sequence);
    if (loaded.is_ok()) {
      loaded->index->users = make_trained_users(serving.generation, *encoder, options.index);
      serving.spaces.push_back(std::move(loaded->index));
      continue;
    }
    TAMIS_ASSIGN_OR_RETURN(
        auto built, build_encoder_index(serving.generation, *encoder, options.index, live.entities(EntityKind::kItem)));
    serving.spaces.push_back(std::move(built));
  }
  serving.refusals.resize(serving.spaces.size());
  reconcile_all(live, &serving);
  return serving;
}

void reconcile_all(const LiveState& live, Serving* serving) {
  for (std::size_t i = 0; i < serving->spaces.size(); ++i) Reconciler(live, serving, i).reconcile_all();
}

Status reconcile_records(const storage::Store& store, const LiveState& live, Sequence after, Sequence through,
                         Serving* serving) {
  if (after >= through || serving->spaces.empty()) return Status::ok();
  std::set<DenseId> users;
  std::set<DenseId> items;
  TAMIS_RETURN_IF_ERROR(store.read_log(after + 1, [&](const storage::CommittedRecord& record) {
    if (record.sequence > through) return false;
    users.insert({record.user, record.session});
    items.insert(record.item);
    return record.sequence < through;
  }));
  for (std::size_t i = 0; i < serving->spaces.size(); ++i) {
    Reconciler reconciler(live, serving, i);
    for (const DenseId user : users) reconciler.reconcile(EntityKind::kUser, user);
    for (const DenseId item : items) reconciler.reconcile(EntityKind::kItem, item);
  }
  return Status::ok();
}

std::shared_ptr<const ReadState> publish_serving(const Serving& serving, LiveState* live) {
  live->quarantine().release_ending(Quarantine::kGeneration, "");  // of the generation before
  for (std::size_t i = 0; i < serving.spaces.size(); ++i) {
    const Serving::Refusals& refusals = serving.refusals[i];
    if (refusals.count == 0) continue;
    live->quarantine().add(Quarantine::kGeneration,
                           "part " + in_quotes(serving.generation->info.id + "/" + serving.spaces[i]->space.name),
                           Status(refusals.first).with_context(std::to_string(refusals.count) + " vectors"));
  }
  return live->publish([&](ReadState& state) {
    std::erase_if(state.spaces, [](const auto& entry) { return is_trained(entry.second->space); });
    state.generation = serving.generation;
    state.funnels = live->follow_generation(serving.generation.get());
    for (const auto& space : serving.spaces) state.spaces[space->space.name] = space;
  });
}

}  // namespace tamis::engine
