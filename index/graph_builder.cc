#include "index/graph_builder.h"

#include <atomic>
#include <cmath>
#include <cstring>
#include <exception>
#include <new>
#include <thread>
#include <vector>

#include "common/random.h"

// The one translation unit that includes hnswlib 0.6.2: a second fails to link. Its own vectorisation is off: the
// distances below are ours, and its prefetch reads past its buffers.
#define NO_MANUAL_VECTORIZATION
#include <hnswlib/hnswlib.h>

namespace tamis::index {
namespace {

// The distance by which the graph is built: squared L2, or minus the inner product. The latter is no metric where norms
// are uneven; a graph built by it all the same (ip-NSW: Morozov & Babenko 2018, arXiv:1810.12367) leads to large
// products far sooner than one built on angles, or on vectors brought to one norm by a further coordinate
// (docs/vector_index.md).
class BuildSpace final : public hnswlib::SpaceInterface<float> {
 public:
  explicit BuildSpace(const RowFormat& format) : metric_(format.metric()), dim_(format.dim()) {}

  size_t get_data_size() override { return dim_ * sizeof(float); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return metric_ == Metric::kL2 ? l2 : minus_dot; }
  void* get_dist_func_param() override { return this; }

 private:
  static float l2(const void* a, const void* b, const void* space) {
    const auto* self = static_cast<const BuildSpace*>(space);
    return self->kernels_.l2_f32(static_cast<const float*>(a), static_cast<const float*>(b), self->dim_);
  }
  static float minus_dot(const void* a, const void* b, const void* space) {
    const auto* self = static_cast<const BuildSpace*>(space);
    return -self->kernels_.dot_f32(static_cast<const float*>(a), static_cast<const float*>(b), self->dim_);
  }

  const Kernels& kernels_ = kernels();
  Metric metric_;
  std::size_t dim_;
};

// hnswlib's structure filled by an insertion of our own upon its public parts: levels are drawn beforehand (its own
// generator is raced by parallel insertions) and there is no map of labels to maintain.
class Builder {
 public:
  Builder(const RowBlock& rows, const GraphOptions& options)
      : rows_(rows),
        count_(rows.count()),
        options_(options),
        space_(rows.format()),
        hnsw_(&space_, count_, options.m, options.ef_construction, options.seed) {
    hnsw_.cur_element_count = 0;
  }

  // Takes over the lists of `base` for its nodes.
  void import(const Graph& base) {
    for (std::uint32_t node = 0; node < base.nodes(); ++node) {
      place(node, base.level(node));
      for (std::uint8_t level = 0; level <= base.level(node); ++level) {
        const std::uint32_t* from = base.links(node, level);
        std::uint32_t size = 0;
        while (size < base.degree(level) && from[size] != kNoNode) ++size;
        hnswlib::linklistsizeint* to = hnsw_.get_linklist_at_level(node, level);
        hnsw_.setListCount(to, static_cast<unsigned short>(size));
        std::memcpy(to + 1, from, size * sizeof(std::uint32_t));
      }
    }
    if (base.nodes() != 0) {
      hnsw_.enterpoint_node_ = base.entry();
      hnsw_.maxlevel_ = base.level(base.entry());
    }
    begin_ = base.nodes();
  }

  void insert_all() {
    std::vector<std::uint8_t> levels(count_);
    Random random(options_.seed + begin_);
    const double scale = 1.0 / std::log(static_cast<double>(options_.m));
    for (std::uint32_t row = begin_; row < count_; ++row) {
      const double level = -std::log(1.0 - random.uniform()) * scale;
      levels[row] = static_cast<std::uint8_t>(std::min(level, 15.0));
    }
    std::uint32_t first = begin_;
    if (first == 0 && count_ > 0) {
      place(0, levels[0]);
      hnsw_.enterpoint_node_ = 0;
      hnsw_.maxlevel_ = levels[0];
      first = 1;
    }
    std::atomic<std::uint32_t> next{first};
    std::atomic<bool> failed{false};
    std::exception_ptr failure;  // written by the one thread that sets `failed` first
    const auto work = [&] {
      try {
        for (std::uint32_t row = next++; row < count_ && !failed && !is_cancelled(); row = next++)
          insert(row, levels[row]);
      } catch (...) {
        if (!failed.exchange(true)) failure = std::current_exception();
      }
    };
    std::vector<std::thread> others;
    for (std::uint32_t i = 1; i < options_.threads && i < count_ - first; ++i) others.emplace_back(work);
    work();
    for (std::thread& other : others) other.join();
    if (failure) std::rethrow_exception(failure);
  }
  bool is_cancelled() const { return options_.cancellation != nullptr && options_.cancellation->is_cancelled(); }

  Graph finish() {
    std::vector<std::uint8_t> levels(count_);
    for (std::uint32_t row = 0; row < count_; ++row)
      levels[row] = static_cast<std::uint8_t>(hnsw_.element_levels_[row]);
    Graph graph(options_.m, std::move(levels));
    for (std::uint32_t row = 0; row < count_; ++row) {
      for (std::uint8_t level = 0; level <= graph.level(row); ++level) {
        const hnswlib::linklistsizeint* from = hnsw_.get_linklist_at_level(row, level);
        const std::size_t size = *reinterpret_cast<const unsigned short*>(from);
        std::memcpy(graph.links(row, level), from + 1, size * sizeof(std::uint32_t));
      }
    }
    if (count_ != 0) graph.set_entry(hnsw_.enterpoint_node_);
    return graph;
  }

 private:
  // Writes the node's vector and empty lists.
  void place(std::uint32_t row, std::uint8_t level) {
    char* node = hnsw_.data_level0_memory_ + row * hnsw_.size_data_per_element_;
    std::memset(node, 0, hnsw_.size_data_per_element_);
    auto* stored = reinterpret_cast<float*>(hnsw_.getDataByInternalId(row));
    const float* vector = rows_.vector(row, stored);
    if (vector != stored) std::memcpy(stored, vector, hnsw_.data_size_);
    hnsw_.element_levels_[row] = level;
    if (level > 0) {
      hnsw_.linkLists_[row] = static_cast<char*>(std::calloc(1, hnsw_.size_links_per_element_ * level + 1));
      if (hnsw_.linkLists_[row] == nullptr) {
        hnsw_.element_levels_[row] = 0;
        throw std::bad_alloc();
      }
    }
    const std::lock_guard guard(hnsw_.cur_element_count_guard_);
    ++hnsw_.cur_element_count;
  }

  // HierarchicalNSW::addPoint without labels and with a level given.
  void insert(std::uint32_t row, std::uint8_t level) {
    std::unique_lock global_lock(hnsw_.global, std::defer_lock);
    std::unique_lock own_lock(hnsw_.link_list_locks_[row], std::defer_lock);
    if (options_.threads > 1) {  // one thread has no one to keep out
      global_lock.lock();        // before any node's lock, here and below
      own_lock.lock();
    }
    const int highest = hnsw_.maxlevel_;
    hnswlib::tableint at = hnsw_.enterpoint_node_;
    if (level <= highest && global_lock.owns_lock())
      global_lock.unlock();  // a new highest node keeps it: entries change one at a time

    place(row, level);
    const void* vector = hnsw_.getDataByInternalId(row);
    if (level < highest) at = descend(vector, at, highest, level);
    for (int layer = std::min<int>(level, highest); layer >= 0; --layer) {
      auto nearest = hnsw_.searchBaseLayer(at, vector, layer);
      at = hnsw_.mutuallyConnectNewElement(vector, row, nearest, layer, false);
    }
    if (level > highest) {
      hnsw_.enterpoint_node_ = row;
      hnsw_.maxlevel_ = level;
    }
  }

  // Greedy steps on the layers above `level`.
  hnswlib::tableint descend(const void* vector, hnswlib::tableint at, int highest, int level) {
    void* const space = space_.get_dist_func_param();
    float best = hnsw_.fstdistfunc_(vector, hnsw_.getDataByInternalId(at), space);
    for (int layer = highest; layer > level; --layer) {
      for (bool changed = true; changed;) {
        changed = false;
        const std::unique_lock lock(hnsw_.link_list_locks_[at]);
        const hnswlib::linklistsizeint* list = hnsw_.get_linklist(at, layer);
        const std::size_t size = *reinterpret_cast<const unsigned short*>(list);
        for (std::size_t i = 0; i < size; ++i) {
          const hnswlib::tableint neighbor = list[1 + i];
          const float distance = hnsw_.fstdistfunc_(vector, hnsw_.getDataByInternalId(neighbor), space);
          if (distance < best) {
            best = distance;
            at = neighbor;
            changed = true;
          }
        }
      }
    }
    return at;
  }

  const RowBlock& rows_;
  const std::uint32_t count_;
  const GraphOptions options_;
  BuildSpace space_;
  hnswlib::HierarchicalNSW<float> hnsw_;
  std::uint32_t begin_ = 0;
};

}  // namespace

Result<Graph> build_graph(const RowBlock& rows, const Graph* base, const GraphOptions& options) {
  try {
    if (rows.count() == 0) return Graph(options.m, {});
    Builder builder(rows, options);
    if (base != nullptr) builder.import(*base);
    builder.insert_all();
    if (builder.is_cancelled()) return Status::unavailable("the index is being closed");
    return builder.finish();
  } catch (const std::bad_alloc&) {
    return Status::resource_exhausted("not enough memory to build a graph of " + std::to_string(rows.count()) +
                                      " vectors");
  } catch (const std::exception& error) {
    return Status::internal(std::string("building a graph: ") + error.what());
  }
}

}  // namespace tamis::index
