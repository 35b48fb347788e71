#include "engine/live/space_index.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/cancellation.h"
#include "engine/live/trained_users.h"
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

// The f32 rows that the store has of a space.
class StoredOriginals final : public index::OriginalRows {
 public:
  StoredOriginals(VectorRows* rows, const Space& space, EntityKind kind)
      : rows_(rows), space_(space.name), dim_(space.dim), kind_(kind) {}
  void read(std::span<const DenseId> ids, std::span<float> out, std::span<bool> found) const override {
    rows_->get_many(space_, kind_, ids, [&](std::size_t i, const VersionedVector& row) {
      if (row.vector.size() != dim_) return;  // of a space that took the name of this one
      std::copy(row.vector.begin(), row.vector.end(), out.begin() + static_cast<std::ptrdiff_t>(i * dim_));
      found[i] = true;
    });
  }

 private:
  VectorRows* const rows_;
  const std::string space_;
  const std::uint32_t dim_;
  const EntityKind kind_;
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

// What the index refuses is left out here; the reconciler (recovery/prepare_serving.cc) counts it.
Status fill_from_encoder(const Generation& generation, const models::Encoder& encoder, const EntityTable& items,
                         index::VectorIndex* target) {
  BlockBuilder builder(target, encoder.shape().dim);
  std::vector<float> vector(encoder.shape().dim);
  Status status;
  items.scan(0, [&](DenseId id, const std::shared_ptr<const Entity>& entity) {
    status = check_cancelled();
    if (status.is_ok() && find_trained_vector(generation, encoder, EntityKind::kItem, id, entity.get(), vector) &&
        index::check_vector(vector, vector.size(), "vector").is_ok()) {
      status = builder.add(id, vector);
    }
    return status.is_ok();
  });
  TAMIS_RETURN_IF_ERROR(status);
  return builder.flush();
}

}  // namespace

index::IndexOptions index_options(const Space& space, EntityKind kind, const IndexSettings& settings,
                                  VectorRows* rows) {
  index::IndexOptions options;
  options.dim = space.dim;
  options.metric = space.metric;
  options.quantization = space.quantization;
  options.m = settings.m;
  options.ef_construction = settings.ef_construction;
  options.recall_target = settings.recall_target;
  options.build_threads = std::max(1u, std::thread::hardware_concurrency());
  options.keep_f32 = space.keep_f32 || rows == nullptr;
  if (!options.keep_f32) options.originals = std::make_shared<const StoredOriginals>(rows, space, kind);
  return options;
}

Result<std::shared_ptr<SpaceIndex>> make_empty_space_index(const Space& space, const IndexSettings& settings,
                                                           VectorRows* rows) {
  auto made = std::make_shared<SpaceIndex>();
  made->space = space;
  const auto make = [&](EntityKind kind) {
    return index::VectorIndex::create(index_options(space, kind, settings, rows));
  };
  TAMIS_ASSIGN_OR_RETURN(made->items, make(EntityKind::kItem));
  TAMIS_ASSIGN_OR_RETURN(made->users, make(EntityKind::kUser));
  return made;
}

Result<std::shared_ptr<SpaceIndex>> build_space_index(const Space& space, const IndexSettings& settings,
                                                      VectorRows* rows, const storage::Store& store,
                                                      const std::atomic<bool>* stop, const VectorRefusals& refused) {
  TAMIS_ASSIGN_OR_RETURN(auto made, make_empty_space_index(space, settings, rows));
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

Result<std::shared_ptr<SpaceIndex>> build_encoder_index(const std::shared_ptr<const Generation>& generation,
                                                        const models::Encoder& encoder, const IndexSettings& settings,
                                                        const EntityTable& items) {
  const models::EncoderShape& shape = encoder.shape();
  const Vocabulary& vocabulary = generation->vocabulary(shape.name);
  if (shape.users != vocabulary.users.size() || shape.items != vocabulary.items.size())
    return Status::corruption("generation " + generation->info.id + ": " + shape.name +
                              " does not match the vocabulary");
  auto made = std::make_shared<SpaceIndex>();
  made->space = encoder_space(encoder, settings);
  TAMIS_ASSIGN_OR_RETURN(made->items,
                         index::VectorIndex::create(index_options(made->space, EntityKind::kItem, settings, nullptr)));
  TAMIS_RETURN_IF_ERROR(fill_from_encoder(*generation, encoder, items, made->items.get()));
  made->users = make_trained_users(generation, encoder, settings);
  return made;
}

std::unique_ptr<index::VectorIndex> make_trained_users(const std::shared_ptr<const Generation>& generation,
                                                       const models::Encoder& encoder, const IndexSettings& settings) {
  const Space space = encoder_space(encoder, settings);
  return std::make_unique<TrainedUsers>(generation, encoder,
                                        index_options(space, EntityKind::kUser, settings, nullptr));
}

}  // namespace tamis::engine
