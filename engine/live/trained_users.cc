#include "engine/live/trained_users.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string>
#include <utility>

#include "common/cancellation.h"
#include "common/thread_priority.h"
#include "index/vector_check.h"

namespace tamis::engine {
namespace {

// Rows handed to the graph at once; a block is a segment, until merges join them.
constexpr std::size_t kBlockRows = 1 << 16;
constexpr std::uint32_t kRowsBetweenChecks = 1 << 14;

}  // namespace

// The generation's rows for the graph, which keeps quantized ones.
class TrainedUsers::Rows final : public index::OriginalRows {
 public:
  explicit Rows(const TrainedUsers* users) : users_(users) {}
  void read(std::span<const DenseId> ids, std::span<float> out, std::span<bool> found) const override {
    const std::size_t dim = users_->format_.dim();
    for (std::size_t i = 0; i < ids.size(); ++i) found[i] = users_->get(ids[i], out.subspan(i * dim, dim));
  }

 private:
  const TrainedUsers* users_;  // owns the graph that asks
};

// The k nearest rows of those offered.
class TrainedUsers::Nearest {
 public:
  Nearest(const TrainedUsers& users, std::span<const float> query, std::size_t k)
      : users_(users), query_(users.format_.make_query(query)), k_(k), normalized_(query.size()) {}

  void offer(std::uint32_t row) {
    const DenseId id = users_.vocabulary_.users[row];
    const index::Neighbor found{id, index::RowFormat::score(distance_to(row))};
    if (best_.size() == k_ && !is_nearer(found, best_.front())) return;
    best_.push_back(found);
    std::push_heap(best_.begin(), best_.end(), is_nearer);
    if (best_.size() <= k_) return;
    std::pop_heap(best_.begin(), best_.end(), is_nearer);
    best_.pop_back();
  }
  std::vector<index::Neighbor> take() {
    std::sort_heap(best_.begin(), best_.end(), is_nearer);
    return std::move(best_);
  }

 private:
  static bool is_nearer(const index::Neighbor& a, const index::Neighbor& b) {
    return a.score != b.score ? a.score > b.score : a.id < b.id;
  }
  float distance_to(std::uint32_t row) {
    const float* vector = users_.vector_of(row);
    if (users_.format_.metric() != Metric::kCosine) return users_.format_.exact_distance(query_, vector);
    users_.format_.normalize({vector, normalized_.size()}, normalized_.data());
    return users_.format_.exact_distance(query_, normalized_.data());
  }

  const TrainedUsers& users_;
  const index::Query query_;
  const std::size_t k_;
  std::vector<float> normalized_;
  std::vector<index::Neighbor> best_;  // a heap, the farthest first
};

TrainedUsers::TrainedUsers(std::shared_ptr<const Generation> generation, const models::Encoder& encoder,
                           const index::IndexOptions& options, std::uint64_t graph_from)
    : generation_(std::move(generation)),
      vocabulary_(generation_->vocabulary(encoder.shape().name)),
      vectors_(encoder.user_vectors()),
      options_(options),
      format_(options.dim, options.metric, Quantization::kF32),
      graph_from_(graph_from),
      present_((vocabulary_.users.size() + 63) / 64) {}

TrainedUsers::~TrainedUsers() {
  closing_.cancel();
  std::thread builder;
  {
    const MutexLock lock(mutex_);
    builder = std::move(builder_);
  }
  if (builder.joinable()) builder.join();
}

std::shared_ptr<index::VectorIndex> TrainedUsers::graph() const {
  const MutexLock lock(mutex_);
  return graph_;
}

void TrainedUsers::set_present(DenseId id, std::uint32_t row, bool is_present) {
  const std::uint64_t bit = std::uint64_t{1} << (row % 64);
  const MutexLock lock(mutex_);
  std::atomic<std::uint64_t>& word = present_[row / 64];
  const std::uint64_t before = is_present ? word.fetch_or(bit) : word.fetch_and(~bit);
  if (((before & bit) != 0) == is_present) return;
  size_.fetch_add(is_present ? 1 : std::size_t{0} - 1, std::memory_order_relaxed);
  if (graph_ != nullptr) {
    if (!is_present) return graph_->remove(id);
    const Status taken = graph_->upsert(id, {vector_of(row), format_.dim()});
    if (!taken.is_ok()) spdlog::warn("a user is missing from the graph of a trained space: {}", taken.to_string());
  } else if (is_building_) {
    changed_.push_back(id);
  }
}

Status TrainedUsers::upsert(DenseId id, std::span<const float> vector) {
  TAMIS_RETURN_IF_ERROR(index::check_vector(vector, format_.dim(), "vector"));
  const std::uint32_t row = row_of(id);
  if (row == kNoDenseId)
    return Status::invalid_argument("generation " + generation_->info.id + " does not know the user").at_field("id");
  set_present(id, row, true);
  return Status::ok();
}

Status TrainedUsers::upsert_batch(std::span<const DenseId> ids, std::span<const float> vectors) {
  for (std::size_t i = 0; i < ids.size(); ++i)
    TAMIS_RETURN_IF_ERROR(upsert(ids[i], vectors.subspan(i * format_.dim(), format_.dim())));
  return Status::ok();
}

void TrainedUsers::remove(DenseId id) {
  if (const std::uint32_t row = row_of(id); row != kNoDenseId) set_present(id, row, false);
}

Result<std::vector<index::Neighbor>> TrainedUsers::search(std::span<const float> query, std::size_t k,
                                                          const index::SearchOptions& options) const {
  TAMIS_RETURN_IF_ERROR(index::check_vector(query, format_.dim(), "vector", index::kMaxQueryNorm));
  if (k == 0) return Status::invalid_argument("k is 0; expected at least 1").at_field("k");
  searches_.fetch_add(1, std::memory_order_relaxed);
  if (!options.exact && size() >= graph_from_) {
    if (const auto walked = graph(); walked != nullptr) return walked->search(query, k, options);
    begin_graph();
  }
  return scan(query, k, options.filter);
}

Result<std::vector<index::Neighbor>> TrainedUsers::scan(std::span<const float> query, std::size_t k,
                                                        const index::Bitmap* filter) const {
  Nearest nearest(*this, query, k);
  std::uint32_t rows = 0;
  if (filter != nullptr && filter->cardinality() < vocabulary_.users.size() / 8) {
    for (const DenseId id : *filter) {
      if (rows++ % kRowsBetweenChecks == 0) TAMIS_RETURN_IF_ERROR(check_cancelled());
      const std::uint32_t row = row_of(id);
      if (row != kNoDenseId && is_present(row)) nearest.offer(row);
    }
    return nearest.take();
  }
  for (std::uint32_t row = 0; row < vocabulary_.users.size(); ++row) {
    if (rows++ % kRowsBetweenChecks == 0) TAMIS_RETURN_IF_ERROR(check_cancelled());
    if (!is_present(row)) continue;
    if (filter == nullptr || filter->contains(vocabulary_.users[row])) nearest.offer(row);
  }
  return nearest.take();
}

bool TrainedUsers::contains(DenseId id) const {
  const std::uint32_t row = row_of(id);
  return row != kNoDenseId && is_present(row);
}

bool TrainedUsers::get(DenseId id, std::span<float> out) const {
  if (out.size() != format_.dim() || !contains(id)) return false;
  format_.normalize({vector_of(row_of(id)), out.size()}, out.data());
  return true;
}

void TrainedUsers::begin_graph() const {
  const MutexLock lock(mutex_);
  if (builder_.joinable() || closing_.is_cancelled()) return;
  is_building_ = true;
  builder_ = std::thread([this] { build_graph(); });
}

void TrainedUsers::build_graph() const {
  lower_thread_priority();
  auto made = make_graph();
  const MutexLock lock(mutex_);
  is_building_ = false;
  const std::vector<DenseId> changed = std::exchange(changed_, {});
  if (!made.is_ok()) {
    if (!closing_.is_cancelled()) spdlog::warn("searches among trained users scan them: {}", made.status().to_string());
    return;
  }
  for (const DenseId id : changed) {
    (*made)->remove(id);
    if (contains(id)) (void)(*made)->upsert(id, {vector_of(row_of(id)), format_.dim()});
  }
  graph_ = *std::move(made);
}

Result<std::shared_ptr<index::VectorIndex>> TrainedUsers::make_graph() const {
  index::IndexOptions options = options_;
  options.build_threads = 1;  // queries go on beside it
  options.cancellation = &closing_;
  if (options.quantization != Quantization::kF32) {
    options.keep_f32 = false;
    options.originals = std::make_shared<const Rows>(this);
  }
  TAMIS_ASSIGN_OR_RETURN(std::shared_ptr<index::VectorIndex> made, index::VectorIndex::create(options));
  std::vector<DenseId> ids;
  std::vector<float> values;
  const auto flush = [&]() -> Status {
    const Status taken = made->upsert_batch(ids, values);
    ids.clear();
    values.clear();
    return taken;
  };
  for (std::uint32_t row = 0; row < vocabulary_.users.size(); ++row) {
    if (!is_present(row)) continue;
    ids.push_back(vocabulary_.users[row]);
    values.insert(values.end(), vector_of(row), vector_of(row) + format_.dim());
    if (ids.size() == kBlockRows) TAMIS_RETURN_IF_ERROR(flush());
  }
  TAMIS_RETURN_IF_ERROR(flush());
  return made;
}

void TrainedUsers::measure_recall() {
  if (const auto walked = graph(); walked != nullptr) walked->measure_recall();
}

index::IndexStats TrainedUsers::stats() const {
  index::IndexStats stats;
  if (const auto walked = graph(); walked != nullptr) stats = walked->stats();
  stats.vectors = size();
  stats.searches = searches_.load(std::memory_order_relaxed);
  stats.memory_bytes += present_.size() * sizeof(std::uint64_t);
  return stats;
}

}  // namespace tamis::engine
