#include "engine/live/space_index.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "common/cancellation.h"
#include "engine/serving/trained_vector.h"
#include "index/vector_check.h"

namespace tamis::engine {
namespace {

// Rows handed to an index at once while it is built: enough for a parallel build, little beside the index itself.
constexpr std::size_t kBuildBlockBytes = 256u << 20;

// Collects rows and hands them on in blocks.
class BlockBuilder {
 public:
  BlockBuilder(index::VectorIndex* target, std::size_t dim)
      : target_(target), rows_per_block_(std::max<std::size_t>(1, kBuildBlockBytes / (dim * sizeof(float)))) {}

  Status add(DenseId id, std::span<const float> row) {
    ids_.push_back(id);
    values_.insert(values_.end(), row.begin(), row.end());
    return ids_.size() < rows_per_block_ ? Status::ok() : flush();
  }
  Status flush() {
    if (ids_.empty()) return Status::ok();
    const Status status = target_->upsert_batch(ids_, values_);
    ids_.clear();
    values_.clear();
    return status;
  }

 private:
  index::VectorIndex* target_;
  std::size_t rows_per_block_;
  std::vector<DenseId> ids_;
  std::vector<float> values_;
};

Status fill_from_store(const storage::Store& store, const Space& space, EntityKind kind, index::VectorIndex* target,
                       const std::atomic<bool>* stop, const VectorRefusals& refused) {
  BlockBuilder builder(target, space.dim);
  Status status;
  TAMIS_RETURN_IF_ERROR(store.scan_vectors(space.name, kind, [&](DenseId id, std::span<const float> row) {
    if (stop != nullptr && stop->load(std::memory_order_relaxed)) status = Status::unavailable("closing");
    if (!status.is_ok()) return false;
    if (const Status taken = index::check_vector(row, space.dim, "vector"); taken.is_ok()) {
      status = builder.add(id, row);
    } else {
      refused(kind, id, taken);
    }
    return status.is_ok();
  }));
  TAMIS_RETURN_IF_ERROR(status);
  return builder.flush();
}

// What the index refuses is left out here; reconcile() (serving.cc) counts it.
Status fill_from_encoder(const Generation& generation, const models::Encoder& encoder, EntityKind kind,
                         const EntityTable& entities, index::VectorIndex* target) {
  BlockBuilder builder(target, encoder.shape().dim);
  std::vector<float> vector(encoder.shape().dim);
  Status status;
  entities.scan(0, [&](DenseId id, const std::shared_ptr<const Entity>& entity) {
    status = check_cancelled();
    if (status.is_ok() && find_trained_vector(generation, encoder, kind, id, entity.get(), vector) &&
        index::check_vector(vector, vector.size(), "vector").is_ok()) {
      status = builder.add(id, vector);
    }
    return status.is_ok();
  });
  TAMIS_RETURN_IF_ERROR(status);
  return builder.flush();
}

}  // namespace

index::IndexOptions index_options(const Space& space, const IndexSettings& settings) {
  index::IndexOptions options;
  options.dim = space.dim;
  options.metric = space.metric;
  options.quantization = space.quantization;
  options.m = settings.m;
  options.ef_construction = settings.ef_construction;
  options.recall_target = settings.recall_target;
  options.build_threads = std::max(1u, std::thread::hardware_concurrency());
  return options;
}

Result<std::shared_ptr<SpaceIndex>> make_empty_space_index(const Space& space, const IndexSettings& settings) {
  auto made = std::make_shared<SpaceIndex>();
  made->space = space;
  TAMIS_ASSIGN_OR_RETURN(made->items, index::VectorIndex::create(index_options(space, settings)));
  TAMIS_ASSIGN_OR_RETURN(made->users, index::VectorIndex::create(index_options(space, settings)));
  return made;
}

Result<std::shared_ptr<SpaceIndex>> build_space_index(const Space& space, const IndexSettings& settings,
                                                      const storage::Store& store, const std::atomic<bool>* stop,
                                                      const VectorRefusals& refused) {
  TAMIS_ASSIGN_OR_RETURN(auto made, make_empty_space_index(space, settings));
  TAMIS_RETURN_IF_ERROR(fill_from_store(store, space, EntityKind::kItem, made->items.get(), stop, refused));
  TAMIS_RETURN_IF_ERROR(fill_from_store(store, space, EntityKind::kUser, made->users.get(), stop, refused));
  return made;
}

Space encoder_space(const models::Encoder& encoder, const IndexSettings& settings) {
  Space space;
  space.name = encoder.shape().name;
  space.dim = encoder.shape().dim;
  space.metric = encoder.shape().metric;
  space.quantization = settings.quantization;
  space.encoder = encoder.shape().kind;
  return space;
}

Result<std::shared_ptr<SpaceIndex>> build_encoder_index(const Generation& generation, const models::Encoder& encoder,
                                                        const IndexSettings& settings, const EntityTable& users,
                                                        const EntityTable& items) {
  const models::EncoderShape& shape = encoder.shape();
  const Vocabulary& vocabulary = generation.vocabulary(shape.name);
  if (shape.users != vocabulary.users.size() || shape.items != vocabulary.items.size())
    return Status::corruption("generation " + generation.info.id + ": " + shape.name +
                              " does not match the vocabulary");
  TAMIS_ASSIGN_OR_RETURN(auto made, make_empty_space_index(encoder_space(encoder, settings), settings));
  TAMIS_RETURN_IF_ERROR(fill_from_encoder(generation, encoder, EntityKind::kItem, items, made->items.get()));
  TAMIS_RETURN_IF_ERROR(fill_from_encoder(generation, encoder, EntityKind::kUser, users, made->users.get()));
  return made;
}

}  // namespace tamis::engine
