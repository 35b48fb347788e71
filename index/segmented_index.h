// SegmentedIndex: the VectorIndex. State, and who may touch it:
//
// - `state_` is what searches see: immutable, replaced as a whole. state_mutex_ is held only to copy or swap the
// pointer.
// - Writers hold mutex_: they append to the growing block, move `locations_` and set tombstones. Each takes
// microseconds,
//   except the end of a merge, which walks the merged rows' locations.
// - Building graphs happens under merge_mutex_ alone, on a background thread or in compact(); only such a holder
// removes
//   segments from the state.
// Lock order: merge_mutex_, mutex_, state_mutex_.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "index/graph_builder.h"
#include "index/recall_monitor.h"
#include "index/segment.h"
#include "index/vector_index.h"

namespace tamis::index {

class SegmentedIndex final : public VectorIndex {
 public:
  explicit SegmentedIndex(const IndexOptions& options);
  // Of an index file: takes segments whose ids are distinct among their live rows.
  SegmentedIndex(const IndexOptions& options, std::vector<std::shared_ptr<Segment>> segments,
                 std::vector<std::shared_ptr<RowBlock>> unsealed);
  ~SegmentedIndex() override;

  Status upsert(DenseId id, std::span<const float> vector) override;
  Status upsert_batch(std::span<const DenseId> ids, std::span<const float> vectors) override;
  void remove(DenseId id) override;
  Result<std::vector<Neighbor>> search(std::span<const float> query, std::size_t k,
                                       const SearchOptions& options) const override;
  bool contains(DenseId id) const override;
  bool get(DenseId id, std::span<float> out) const override;
  bool get_original(DenseId id, std::span<float> out) const override;
  std::size_t size() const override { return live_.load(std::memory_order_relaxed); }
  Status save(const std::filesystem::path& dir, Sequence sequence) const override;
  void compact() override;
  void measure_recall() override;
  IndexStats stats() const override;

 private:
  struct State {
    std::vector<std::shared_ptr<Segment>> sealed;
    std::vector<std::shared_ptr<Growing>> growing;  // oldest first; the last takes writes
  };
  struct Location {
    RowBlock* block = nullptr;  // null: absent. Always of a segment of the current state
    std::uint32_t row = 0;
  };

  std::shared_ptr<const State> pin() const;
  void publish(State state) TAMIS_REQUIRES(mutex_);

  // Writing (segmented_index.cc).
  void append(DenseId id, const float* normalized) TAMIS_REQUIRES(mutex_);
  void move_to(DenseId id, RowBlock* block, std::uint32_t row) TAMIS_REQUIRES(mutex_);
  void bury(const Location& location) TAMIS_REQUIRES(mutex_);
  void begin_growing() TAMIS_REQUIRES(mutex_);
  std::shared_ptr<RowBlock> make_block(std::uint32_t capacity) const;
  void add_sealed_batch(std::shared_ptr<RowBlock> rows, Graph graph) TAMIS_EXCLUDES(mutex_);

  // Building and merging (maintenance.cc).
  void maintain();
  static bool needs_rebuild(const RowBlock& rows);  // too many tombstones
  void wake_maintenance() TAMIS_REQUIRES(mutex_);
  Status merge_once(bool everything) TAMIS_REQUIRES(merge_mutex_);
  struct Merge;
  Merge plan_merge(bool everything) const;  // what is due, or all of it; empty: nothing
  void finish_merge(const Merge& merge, std::shared_ptr<Segment> merged) TAMIS_REQUIRES(merge_mutex_);

  std::vector<Hit> collect(const State& state, const SegmentQuery& query) const;
  // Whether the f32 rows are elsewhere; then the best of a search are scored by them, and `k` stay.
  bool reads_originals() const { return options_.originals != nullptr && !options_.keep_f32; }
  void score_by_originals(const Query& query, std::size_t k, std::vector<Hit>* hits) const;
  GraphOptions graph_options() const;

  const IndexOptions options_;
  const RowFormat format_;

  Mutex merge_mutex_;
  mutable Mutex mutex_;
  mutable Mutex state_mutex_;
  std::shared_ptr<const State> state_ TAMIS_GUARDED_BY(state_mutex_);
  IdPages<Location> locations_ TAMIS_GUARDED_BY(mutex_);
  std::shared_ptr<RowBlock> growing_rows_ TAMIS_GUARDED_BY(mutex_);  // of the state's last growing block
  std::atomic<std::size_t> live_{0};
  std::atomic<std::uint64_t> batches_{0};  // bumped when a batch replaces rows that older states hold
  std::atomic<std::uint64_t> merges_{0};
  mutable std::atomic<std::uint64_t> searches_{0};
  mutable RecallMonitor recall_;

  Cancellation closing_;  // of graph builds

  CondVar work_;
  bool stopping_ TAMIS_GUARDED_BY(mutex_) = false;
  bool merge_failed_ TAMIS_GUARDED_BY(mutex_) = false;  // for want of memory: wait for more rows before trying again
  std::thread maintenance_ TAMIS_GUARDED_BY(mutex_);
};

}  // namespace tamis::index
