// TrainedUsers: the users of a space that an encoder fills. It holds no vectors of its own: a user's is the row of the
// generation, so that a user costs a bit. A search scans them. Where there are many, the first search has a graph built
// in the background (rows in the space's quantization, re-scored by the generation's), and later ones walk it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "common/cancellation.h"
#include "common/mutex.h"
#include "engine/serving/generation.h"
#include "index/row_format.h"
#include "index/vector_index.h"

namespace tamis::engine {

// Thread-safe. save() writes nothing: what is searched follows from the generation and the users that there are.
class TrainedUsers final : public index::VectorIndex {
 public:
  static constexpr std::uint64_t kGraphFrom = 50'000;  // users; fewer are always scanned

  // Without users. REQUIRES: `encoder` is the generation's and has user vectors; `options` are the space's.
  TrainedUsers(std::shared_ptr<const Generation> generation, const models::Encoder& encoder,
               const index::IndexOptions& options, std::uint64_t graph_from = kGraphFrom);
  ~TrainedUsers() override;

  // Takes `id` in; the vector is that of the generation. invalid_argument where the generation does not know the user.
  Status upsert(DenseId id, std::span<const float> vector) override;
  Status upsert_batch(std::span<const DenseId> ids, std::span<const float> vectors) override;
  void remove(DenseId id) override;
  Result<std::vector<index::Neighbor>> search(std::span<const float> query, std::size_t k,
                                              const index::SearchOptions& options) const override;
  bool contains(DenseId id) const override;
  bool get(DenseId id, std::span<float> out) const override;
  bool get_original(DenseId id, std::span<float> out) const override { return get(id, out); }
  std::size_t size() const override { return size_.load(std::memory_order_relaxed); }
  Status save(const std::filesystem::path&, Sequence) const override { return Status::ok(); }
  void compact() override {}
  void measure_recall() override;
  index::IndexStats stats() const override;

 private:
  class Rows;
  class Nearest;

  std::uint32_t row_of(DenseId id) const { return vocabulary_.row_of(EntityKind::kUser, id); }
  bool is_present(std::uint32_t row) const {
    return (present_[row / 64].load(std::memory_order_acquire) >> (row % 64) & 1U) != 0;
  }
  const float* vector_of(std::uint32_t row) const { return vectors_.data() + std::size_t{row} * format_.dim(); }
  std::shared_ptr<index::VectorIndex> graph() const;
  // Takes the row in or out, in the graph and for the one under construction, too.
  void set_present(DenseId id, std::uint32_t row, bool is_present);
  Result<std::vector<index::Neighbor>> scan(std::span<const float> query, std::size_t k,
                                            const index::Bitmap* filter) const;
  void begin_graph() const;
  void build_graph() const;
  Result<std::shared_ptr<index::VectorIndex>> make_graph() const;

  const std::shared_ptr<const Generation> generation_;
  const Vocabulary& vocabulary_;
  const std::span<const float> vectors_;  // [users, dim]
  const index::IndexOptions options_;
  const index::RowFormat format_;  // of f32 rows
  const std::uint64_t graph_from_;
  std::vector<std::atomic<std::uint64_t>> present_;  // a bit a row
  std::atomic<std::size_t> size_{0};
  mutable std::atomic<std::uint64_t> searches_{0};
  Cancellation closing_;

  // Searches begin the graph, which changes nothing that they answer but by its recall.
  mutable Mutex mutex_;
  mutable std::shared_ptr<index::VectorIndex> graph_ TAMIS_GUARDED_BY(mutex_);
  mutable std::thread builder_ TAMIS_GUARDED_BY(mutex_);  // once begun, at most once
  mutable bool is_building_ TAMIS_GUARDED_BY(mutex_) = false;
  mutable std::vector<DenseId> changed_ TAMIS_GUARDED_BY(mutex_);  // meanwhile
};

}  // namespace tamis::engine
