#include "index/segmented_index.h"

#include <algorithm>
#include <new>
#include <string>

#include "index/vector_check.h"

namespace tamis::index {
namespace {

// How many of the best by quantized rows are scored again by f32 rows that are read from elsewhere: fewer than of those
// in memory (segment.cc), since a row costs a read.
std::size_t pool_of(std::size_t k) { return k + std::min<std::size_t>(k + 10, 64); }

bool hit_before(const Hit& a, const Hit& b) { return a.distance != b.distance ? a.distance < b.distance : a.id < b.id; }

// The first k hits; of an id that was met twice, because its vector was replaced meanwhile, the first.
std::vector<Hit> take_best(const std::vector<Hit>& sorted, std::size_t k) {
  std::vector<Hit> best(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(std::min(k, sorted.size())));
  std::vector<DenseId> ids;
  ids.reserve(best.size());
  for (const Hit& hit : best) ids.push_back(hit.id);
  std::sort(ids.begin(), ids.end());
  if (std::adjacent_find(ids.begin(), ids.end()) == ids.end()) return best;
  best.clear();
  for (const Hit& hit : sorted) {
    if (best.size() == k) break;
    if (std::none_of(best.begin(), best.end(), [&](const Hit& seen) { return seen.id == hit.id; })) best.push_back(hit);
  }
  return best;
}

}  // namespace

SegmentedIndex::SegmentedIndex(const IndexOptions& options) : SegmentedIndex(options, {}, {}) {}

SegmentedIndex::SegmentedIndex(const IndexOptions& options, std::vector<std::shared_ptr<Segment>> segments,
                               std::vector<std::shared_ptr<RowBlock>> unsealed)
    : options_(options),
      format_(options.dim, options.metric, options.quantization),
      state_(std::make_shared<const State>()),
      recall_(options.recall_target),
      closing_(options.cancellation) {
  const MutexLock lock(mutex_);
  State state;
  const auto adopt = [&](RowBlock* rows) TAMIS_REQUIRES(mutex_) {
    for (std::uint32_t row = 0; row < rows->count(); ++row) {
      if (rows->is_live(row)) move_to(rows->id(row), rows, row);
    }
  };
  for (const std::shared_ptr<Segment>& segment : segments) adopt(&segment->mutable_rows());
  state.sealed = std::move(segments);
  publish(state);
  begin_growing();
  std::vector<float> scratch(options_.dim);
  for (const std::shared_ptr<RowBlock>& rows : unsealed) {
    for (std::uint32_t row = 0; row < rows->count(); ++row) {
      if (rows->is_live(row)) append(rows->id(row), rows->vector(row, scratch.data()));
    }
  }
  if (!plan_merge(false).empty()) wake_maintenance();  // what was left undone
}

SegmentedIndex::~SegmentedIndex() {
  closing_.cancel();
  std::thread maintenance;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    work_.notify_all();
    maintenance = std::move(maintenance_);
  }
  if (maintenance.joinable()) maintenance.join();
}

std::shared_ptr<const SegmentedIndex::State> SegmentedIndex::pin() const {
  const MutexLock lock(state_mutex_);
  return state_;
}

void SegmentedIndex::publish(State state) {
  auto next = std::make_shared<const State>(std::move(state));
  {
    const MutexLock lock(state_mutex_);
    state_.swap(next);
  }
  // The old state, and segments that it alone held, die here or with the last search that pinned it.
}

std::shared_ptr<RowBlock> SegmentedIndex::make_block(std::uint32_t capacity) const {
  return std::make_shared<RowBlock>(format_, capacity, options_.keep_f32);
}

GraphOptions SegmentedIndex::graph_options() const {
  return {options_.m, options_.ef_construction, options_.build_threads, options_.seed, &closing_};
}

void SegmentedIndex::move_to(DenseId id, RowBlock* block, std::uint32_t row) {
  Location& location = locations_.at(id);
  if (location.block != nullptr) {
    bury(location);
  } else {
    live_.fetch_add(1, std::memory_order_relaxed);
  }
  location = {block, row};
}

void SegmentedIndex::bury(const Location& location) {
  location.block->bury(location.row);
  if (location.block != growing_rows_.get() && needs_rebuild(*location.block)) wake_maintenance();
}

void SegmentedIndex::begin_growing() {
  State state = *pin();
  auto growing = std::make_shared<Growing>(make_block(options_.growing_limit));
  const std::shared_ptr<Growing> full = state.growing.empty() ? nullptr : state.growing.back();
  state.growing.push_back(growing);
  publish(std::move(state));
  growing_rows_ = growing->rows;
  if (full == nullptr) return;
  full->next_owner = std::move(growing);
  full->next.store(full->next_owner.get(), std::memory_order_release);
}

void SegmentedIndex::append(DenseId id, const float* normalized) {
  if (growing_rows_->count() == growing_rows_->capacity()) {
    begin_growing();
    merge_failed_ = false;
    wake_maintenance();
  }
  locations_.at(id);  // whatever may fail for want of memory has now been done
  // First the new row, then the tombstone of the old: a search sees one or the other.
  move_to(id, growing_rows_.get(), growing_rows_->append(id, normalized));
}

Status SegmentedIndex::upsert(DenseId id, std::span<const float> vector) {
  TAMIS_RETURN_IF_ERROR(check_vector(vector, options_.dim, "vector"));
  if (id == kNoDenseId) return Status::invalid_argument("the id is reserved").at_field("id");
  std::vector<float> normalized(options_.dim);
  format_.normalize(vector, normalized.data());
  try {
    const MutexLock lock(mutex_);
    append(id, normalized.data());
  } catch (const std::bad_alloc&) {
    return Status::resource_exhausted("not enough memory for another vector");
  }
  return Status::ok();
}

Status SegmentedIndex::upsert_batch(std::span<const DenseId> ids, std::span<const float> vectors) {
  if (vectors.size() != ids.size() * options_.dim) {
    return Status::invalid_argument("vectors has " + std::to_string(vectors.size()) + " elements; expected " +
                                    std::to_string(ids.size() * options_.dim))
        .at_field("vectors");
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    TAMIS_RETURN_IF_ERROR(check_vector(vectors.subspan(i * options_.dim, options_.dim), options_.dim,
                                       "vectors[" + std::to_string(i) + "]"));
    if (ids[i] == kNoDenseId) return Status::invalid_argument("an id is reserved").at_field("ids");
  }
  if (ids.size() >= kMaxNodes) return Status::invalid_argument("a batch takes fewer than 2^31 vectors").at_field("ids");
  try {
    std::vector<float> normalized(options_.dim);
    if (ids.size() < options_.growing_limit) {
      const MutexLock lock(mutex_);
      for (std::size_t i = 0; i < ids.size(); ++i) {
        format_.normalize(vectors.subspan(i * options_.dim, options_.dim), normalized.data());
        append(ids[i], normalized.data());
      }
      return Status::ok();
    }
    // Of an id that occurs twice the later vector counts.
    IdPages<std::uint32_t> last;
    for (std::size_t i = 0; i < ids.size(); ++i) last.at(ids[i]) = static_cast<std::uint32_t>(i);
    auto rows = make_block(static_cast<std::uint32_t>(ids.size()));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (*last.find(ids[i]) != i) continue;
      format_.normalize(vectors.subspan(i * options_.dim, options_.dim), normalized.data());
      rows->append(ids[i], normalized.data());
    }
    TAMIS_ASSIGN_OR_RETURN(Graph graph, build_graph(*rows, nullptr, graph_options()));
    add_sealed_batch(std::move(rows), std::move(graph));
  } catch (const std::bad_alloc&) {
    return Status::resource_exhausted("not enough memory for " + std::to_string(ids.size()) + " vectors");
  }
  return Status::ok();
}

void SegmentedIndex::add_sealed_batch(std::shared_ptr<RowBlock> rows, Graph graph) {
  auto segment = std::make_shared<Segment>(rows, std::move(graph));
  const MutexLock lock(mutex_);
  for (std::uint32_t row = 0; row < rows->count(); ++row) locations_.at(rows->id(row));  // may fail, changing nothing
  State state = *pin();
  state.sealed.push_back(std::move(segment));
  publish(std::move(state));
  for (std::uint32_t row = 0; row < rows->count(); ++row) move_to(rows->id(row), rows.get(), row);
  // A search that pinned a state without the batch may have met the tombstones just set: it looks again.
  batches_.fetch_add(1, std::memory_order_release);
  merge_failed_ = false;
  wake_maintenance();
}

void SegmentedIndex::remove(DenseId id) {
  const MutexLock lock(mutex_);
  const Location* found = locations_.find(id);
  if (found == nullptr || found->block == nullptr) return;
  bury(*found);
  locations_.at(id) = {};
  live_.fetch_sub(1, std::memory_order_relaxed);
}

std::vector<Hit> SegmentedIndex::collect(const State& state, const SegmentQuery& query) const {
  SearchScratch& scratch = SearchScratch::local();
  scratch.hits.clear();
  // Sealed segments first, then growing ones in order of age: a vector that is replaced meanwhile moves to a place that
  // is still to come.
  for (const std::shared_ptr<Segment>& segment : state.sealed) segment->search(query, &scratch);
  for (const std::shared_ptr<Growing>& growing : state.growing) growing->search(query, &scratch);
  for (const Growing* next = state.growing.back()->next.load(std::memory_order_acquire); next != nullptr;
       next = next->next.load(std::memory_order_acquire)) {
    next->search(query, &scratch);
  }
  std::vector<Hit>& hits = scratch.hits;
  std::sort(hits.begin(), hits.end(), hit_before);
  return take_best(hits, query.k);
}

Result<std::vector<Neighbor>> SegmentedIndex::search(std::span<const float> query, std::size_t k,
                                                     const SearchOptions& options) const {
  TAMIS_RETURN_IF_ERROR(check_vector(query, options_.dim, "vector", kMaxQueryNorm));
  if (k == 0) return Status::invalid_argument("k is 0; expected at least 1").at_field("k");
  searches_.fetch_add(1, std::memory_order_relaxed);
  const Query prepared = format_.make_query(query);
  SegmentQuery asked;
  asked.query = &prepared;
  asked.k = std::min(reads_originals() ? pool_of(k) : k, std::max<std::size_t>(size(), 1) + options_.growing_limit);
  asked.ef = options.ef != 0 ? options.ef : recall_.ef();
  asked.exact = options.exact;
  asked.filter = options.filter;
  if (options.filter != nullptr) asked.filter_size = options.filter->cardinality();
  if (!options.exact && options.ef == 0 && options.filter == nullptr) recall_.sample(query);

  std::vector<Hit> hits;
  for (int attempt = 0; attempt < 3; ++attempt) {
    const std::uint64_t batches = batches_.load(std::memory_order_acquire);
    const std::shared_ptr<const State> state = pin();
    hits = collect(*state, asked);
    if (batches_.load(std::memory_order_acquire) == batches) break;
  }
  if (reads_originals()) score_by_originals(prepared, k, &hits);
  std::vector<Neighbor> neighbors;
  neighbors.reserve(hits.size());
  for (const Hit& hit : hits) neighbors.push_back({hit.id, RowFormat::score(hit.distance)});
  return neighbors;
}

void SegmentedIndex::score_by_originals(const Query& query, std::size_t k, std::vector<Hit>* hits) const {
  std::vector<DenseId> ids;
  ids.reserve(hits->size());
  for (const Hit& hit : *hits) ids.push_back(hit.id);
  std::vector<float> rows(ids.size() * options_.dim);
  const auto found = std::make_unique<bool[]>(ids.size());
  options_.originals->read(ids, rows, {found.get(), ids.size()});
  std::vector<float> normalized(options_.dim);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!found[i]) continue;  // deleted meanwhile, or it cannot be read: the quantized row's distance stands
    format_.normalize(std::span(rows).subspan(i * options_.dim, options_.dim), normalized.data());
    (*hits)[i].distance = format_.exact_distance(query, normalized.data());
  }
  std::sort(hits->begin(), hits->end(), hit_before);
  hits->resize(std::min(k, hits->size()));
}

bool SegmentedIndex::contains(DenseId id) const {
  const MutexLock lock(mutex_);
  const Location* found = locations_.find(id);
  return found != nullptr && found->block != nullptr;
}

bool SegmentedIndex::get(DenseId id, std::span<float> out) const {
  if (out.size() != options_.dim) return false;
  const MutexLock lock(mutex_);
  const Location* found = locations_.find(id);
  if (found == nullptr || found->block == nullptr) return false;
  const float* vector = found->block->vector(found->row, out.data());
  if (vector != out.data()) std::copy(vector, vector + options_.dim, out.begin());
  return true;
}

bool SegmentedIndex::get_original(DenseId id, std::span<float> out) const {
  if (!reads_originals() || out.size() != options_.dim) return get(id, out);
  bool found = false;
  if (contains(id)) options_.originals->read({&id, 1}, out, {&found, 1});
  if (!found) return get(id, out);
  std::vector<float> vector(out.begin(), out.end());
  format_.normalize(vector, out.data());
  return true;
}

void SegmentedIndex::measure_recall() {
  const std::uint32_t ef = recall_.ef();
  double recall = 0;
  std::uint64_t measured = 0;
  for (const std::vector<float>& query : recall_.take()) {
    const auto approximate = search(query, RecallMonitor::kMeasuredK, {.ef = ef});
    const auto exact = search(query, RecallMonitor::kMeasuredK, {.exact = true});
    if (!approximate.is_ok() || !exact.is_ok() || exact->empty()) continue;
    std::size_t found = 0;
    for (const Neighbor& wanted : *exact) {
      found += std::any_of(approximate->begin(), approximate->end(),
                           [&](const Neighbor& got) { return got.id == wanted.id; });
    }
    recall += static_cast<double>(found) / static_cast<double>(exact->size());
    ++measured;
  }
  if (measured != 0) recall_.record(recall / static_cast<double>(measured), measured, ef);
}

IndexStats SegmentedIndex::stats() const {
  IndexStats stats;
  const std::shared_ptr<const State> state = pin();
  for (const std::shared_ptr<Segment>& segment : state->sealed) {
    stats.tombstones += segment->rows().tombstones();
    stats.memory_bytes += segment->memory_bytes();
  }
  for (const std::shared_ptr<Growing>& growing : state->growing) {
    stats.tombstones += growing->rows->tombstones();
    stats.memory_bytes += growing->rows->memory_bytes();
  }
  stats.vectors = size();
  stats.segments = state->sealed.size() + state->growing.size();
  {
    const MutexLock lock(mutex_);
    stats.memory_bytes += locations_.memory_bytes();
  }
  stats.searches = searches_.load(std::memory_order_relaxed);
  stats.merges = merges_.load(std::memory_order_relaxed);
  stats.ef = recall_.ef();
  stats.recall = recall_.recall();
  stats.recall_samples = recall_.samples();
  return stats;
}

}  // namespace tamis::index
