// How a SegmentedIndex turns growing rows into graphs and keeps segments few: the background half.
#include <sys/resource.h>

#include <algorithm>
#include <new>
#include <span>

#include "index/segmented_index.h"

namespace tamis::index {
namespace {

// A segment whose share of tombstones passes this is rebuilt.
constexpr double kMostTombstones = 0.25;
// A segment takes in all smaller ones, by inserting their rows into a copy of its graph, once it is at most this many
// times as large as they are together: copying a row costs about a hundredth of inserting one, and segments stay few
// (log to this base).
constexpr double kAbsorb = 32;
// One merge inserts at most this many rows of segments, or one segment. Searches gain after each merge, and a stop
// loses the work of one merge only.
constexpr std::uint64_t kMostInserted = 500'000;

}  // namespace

bool SegmentedIndex::needs_rebuild(const RowBlock& rows) {
  return static_cast<double>(rows.tombstones()) > kMostTombstones * rows.count();
}

// What becomes one segment. Rows keep their age order: base, segments, growing.
struct SegmentedIndex::Merge {
  std::shared_ptr<Segment> base;  // its graph is extended; null: built anew
  std::vector<std::shared_ptr<Segment>> segments;
  std::vector<std::shared_ptr<Growing>> growing;
  bool empty() const { return base == nullptr && segments.empty() && growing.empty(); }
};

void SegmentedIndex::wake_maintenance() {
  if (!stopping_ && !maintenance_.joinable()) maintenance_ = std::thread([this] { maintain(); });
  work_.notify_all();
}

void SegmentedIndex::maintain() {
  setpriority(PRIO_PROCESS, 0, 5);  // this thread alone, on Linux; a third of the weight of those that serve
  for (;;) {
    {
      const MutexLock lock(mutex_);
      while (!stopping_ && (merge_failed_ || plan_merge(false).empty())) work_.wait(mutex_);
      if (stopping_) return;
    }
    const MutexLock merge_lock(merge_mutex_);
    if (!merge_once(false).is_ok()) {
      const MutexLock lock(mutex_);
      merge_failed_ = true;  // rows stay where they are, and are searched there
    }
  }
}

SegmentedIndex::Merge SegmentedIndex::plan_merge(bool everything) const {
  const std::shared_ptr<const State> state = pin();
  Merge merge;
  merge.growing.assign(state->growing.begin(), state->growing.end() - 1);
  if (everything) {
    merge.segments = state->sealed;
    const bool done = merge.growing.empty() && merge.segments.size() <= 1 &&
                      (merge.segments.empty() || merge.segments.front()->rows().tombstones() == 0);
    return done ? Merge{} : merge;
  }
  std::vector<std::shared_ptr<Segment>> by_size = state->sealed;
  std::stable_sort(by_size.begin(), by_size.end(),
                   [](const auto& a, const auto& b) { return a->rows().count() < b->rows().count(); });
  double smaller = 0;  // rows of what is smaller
  for (const auto& growing : merge.growing) smaller += growing->rows->live();
  std::size_t taken = 0;
  for (std::size_t i = 0; i < by_size.size(); ++i) {
    if (by_size[i]->rows().count() <= kAbsorb * smaller) taken = i + 1;
    smaller += by_size[i]->rows().live();
  }
  std::vector<std::shared_ptr<Segment>> joined(by_size.begin(), by_size.begin() + static_cast<std::ptrdiff_t>(taken));
  for (const auto& segment : std::span(by_size).subspan(taken)) {
    if (needs_rebuild(segment->rows())) joined.push_back(segment);
  }
  const auto base =
      std::find_if(joined.rbegin(), joined.rend(), [](const auto& segment) { return !needs_rebuild(segment->rows()); });
  if (base != joined.rend()) {
    merge.base = *base;
    joined.erase(std::next(base).base());
  }
  std::uint64_t inserted = 0;
  std::vector<std::shared_ptr<Segment>> now;  // the smallest
  for (const auto& segment : joined) {
    inserted += segment->rows().live();
    if (!now.empty() && inserted > kMostInserted) break;
    now.push_back(segment);
  }
  for (const auto& segment : state->sealed) {  // back in order of age
    if (std::find(now.begin(), now.end(), segment) != now.end()) merge.segments.push_back(segment);
  }
  return merge;
}

Status SegmentedIndex::merge_once(bool everything) {
  try {
    const Merge merge = plan_merge(everything);
    if (merge.empty()) return Status::ok();
    // Rows only die meanwhile, so this is room enough.
    std::uint64_t capacity = merge.base != nullptr ? merge.base->rows().count() : 0;
    for (const auto& segment : merge.segments) capacity += segment->rows().live();
    for (const auto& growing : merge.growing) capacity += growing->rows->live();
    if (capacity >= kMaxNodes) return Status::resource_exhausted("a segment takes fewer than 2^31 vectors");
    const std::shared_ptr<RowBlock> rows = make_block(static_cast<std::uint32_t>(capacity));
    if (merge.base != nullptr) {  // all of them: the graph names rows by number
      const RowBlock& base = merge.base->rows();
      for (std::uint32_t row = 0; row < base.count(); ++row) {
        rows->append_copy(base, row);
        if (!base.is_live(row)) rows->bury(row);
      }
    }
    const auto copy_live = [&](const RowBlock& from) {
      for (std::uint32_t row = 0; row < from.count(); ++row) {
        if (from.is_live(row)) rows->append_copy(from, row);
      }
    };
    for (const auto& segment : merge.segments) copy_live(segment->rows());
    for (const auto& growing : merge.growing) copy_live(*growing->rows);
    TAMIS_ASSIGN_OR_RETURN(Graph graph,
                           build_graph(*rows, merge.base != nullptr ? &merge.base->graph() : nullptr, graph_options()));
    finish_merge(merge, std::make_shared<Segment>(rows, std::move(graph)));
  } catch (const std::bad_alloc&) {
    return Status::resource_exhausted("not enough memory to merge segments");
  }
  return Status::ok();
}

void SegmentedIndex::finish_merge(const Merge& merge, std::shared_ptr<Segment> merged) {
  std::vector<const RowBlock*> replaced;
  if (merge.base != nullptr) replaced.push_back(&merge.base->rows());
  for (const auto& segment : merge.segments) replaced.push_back(&segment->rows());
  for (const auto& growing : merge.growing) replaced.push_back(growing->rows.get());
  const auto is_replaced = [&](const RowBlock* rows) {
    return std::find(replaced.begin(), replaced.end(), rows) != replaced.end();
  };
  const MutexLock lock(mutex_);
  // What was written to these ids since the copy has moved their location elsewhere.
  RowBlock& rows = merged->mutable_rows();
  for (std::uint32_t row = 0; row < rows.count(); ++row) {
    if (!rows.is_live(row)) continue;
    const DenseId id = rows.id(row);
    if (is_replaced(locations_.find(id)->block)) {
      locations_.at(id) = {&rows, row};
    } else {
      rows.bury(row);
    }
  }
  const std::shared_ptr<const State> old = pin();
  State state;
  for (const auto& segment : old->sealed) {
    if (!is_replaced(&segment->rows())) state.sealed.push_back(segment);
  }
  if (rows.live() != 0) state.sealed.insert(state.sealed.begin(), std::move(merged));
  for (const auto& growing : old->growing) {
    if (!is_replaced(growing->rows.get())) state.growing.push_back(growing);
  }
  publish(std::move(state));
  merges_.fetch_add(1, std::memory_order_relaxed);
}

void SegmentedIndex::compact() {
  const MutexLock merge_lock(merge_mutex_);
  {
    const MutexLock lock(mutex_);
    if (pin()->growing.back()->rows->count() != 0) begin_growing();
    merge_failed_ = false;
  }
  // An error leaves the segments as they were: slower, not wrong.
  static_cast<void>(merge_once(true));
}

}  // namespace tamis::index
