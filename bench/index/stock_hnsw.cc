// Compiled with -march=native, so that hnswlib has its own AVX and AVX-512 distances, and under a name of its own, so
// that the linker does not merge its templates with those of index/graph_builder.cc.
#define hnswlib stock_hnswlib
#include <hnswlib/hnswlib.h>
#undef hnswlib

#include <cstdlib>
#include <cstring>

#include "bench/index/stock_hnsw.h"

namespace tamis::bench {

struct StockHnsw::Impl {
  std::unique_ptr<stock_hnswlib::SpaceInterface<float>> space;
  std::unique_ptr<stock_hnswlib::HierarchicalNSW<float>> hnsw;
};

StockHnsw::StockHnsw(const index::RowBlock& rows, const index::Graph& graph) : impl_(std::make_unique<Impl>()) {
  const std::uint32_t dim = rows.format().dim();
  if (rows.format().metric() == Metric::kL2) {
    impl_->space = std::make_unique<stock_hnswlib::L2Space>(dim);
  } else {
    impl_->space = std::make_unique<stock_hnswlib::InnerProductSpace>(dim);
  }
  impl_->hnsw = std::make_unique<stock_hnswlib::HierarchicalNSW<float>>(impl_->space.get(), graph.nodes(), graph.m());
  auto& hnsw = *impl_->hnsw;
  std::vector<float> scratch(dim);
  for (std::uint32_t node = 0; node < graph.nodes(); ++node) {
    std::memset(hnsw.data_level0_memory_ + node * hnsw.size_data_per_element_, 0, hnsw.size_data_per_element_);
    std::memcpy(hnsw.getDataByInternalId(node), rows.vector(node, scratch.data()), dim * sizeof(float));
    hnsw.setExternalLabel(node, rows.id(node));
    hnsw.element_levels_[node] = graph.level(node);
    if (graph.level(node) > 0) {
      hnsw.linkLists_[node] = static_cast<char*>(std::calloc(1, hnsw.size_links_per_element_ * graph.level(node) + 1));
    }
    for (std::uint8_t level = 0; level <= graph.level(node); ++level) {
      const std::uint32_t* links = graph.links(node, level);
      auto* list = hnsw.get_linklist_at_level(node, level);
      unsigned short size = 0;
      while (size < graph.degree(level) && links[size] != index::kNoNode) ++size;
      hnsw.setListCount(list, size);
      std::memcpy(list + 1, links, size * sizeof(std::uint32_t));
    }
  }
  hnsw.cur_element_count = graph.nodes();
  hnsw.enterpoint_node_ = graph.entry();
  hnsw.maxlevel_ = graph.level(graph.entry());
}

StockHnsw::~StockHnsw() = default;

void StockHnsw::search(const float* query, std::size_t k, std::size_t ef, std::vector<DenseId>* found) {
  impl_->hnsw->setEf(ef);
  auto nearest = impl_->hnsw->searchKnn(query, k);
  found->clear();
  for (; !nearest.empty(); nearest.pop()) found->push_back(static_cast<DenseId>(nearest.top().second));
}

}  // namespace tamis::bench
