#include "engine/retrieval/retriever.h"

#include "engine/funnel/funnel_names.h"
#include "engine/retrieval/retrievers.h"

namespace tamis::engine {

const Retriever* find_retriever(std::string_view kind) {
  if (kind == "ann") return &ann_retriever();
  if (kind == "item_knn") return &item_knn_retriever();
  if (kind == "user_knn") return &user_knn_retriever();
  if (kind == "ease") return &ease_retriever();
  if (kind == "graph_filter") return &graph_filter_retriever();
  if (kind == "bspm") return &bspm_retriever();
  if (kind == "bought_together") return &bought_together_retriever();
  if (kind == "rebuy") return &rebuy_retriever();
  if (kind == "similar") return &similar_retriever();
  if (kind == "popular") return &popular_retriever();
  if (kind == "trending") return &trending_retriever();
  if (kind == "latest") return &latest_retriever();
  return nullptr;
}

const SpaceIndex* find_space(const ReadState& state, std::string_view name) {
  const auto found = state.spaces.find(name.empty() ? kDefaultSpace : name);
  return found == state.spaces.end() ? nullptr : found->second.get();
}

SearchManner search_manner(const ReadState& state, const SpaceIndex& space, const RetrieverConfig& config) {
  constexpr std::size_t kScannedRows = 8'192;  // about what an index holds before it builds its first graph
  const bool is_refitted = state.options->online.enabled && space.space.encoder != "external";
  const bool scans = config.exact || space.items->size() <= kScannedRows;
  return {.scans = scans || state.exact_search, .is_exact = scans && !is_refitted};
}

std::string retriever_label(const RetrieverConfig& config) {
  if (!retriever_reads_space(config.kind)) return config.kind;
  return config.kind + ":" + (config.space.empty() ? std::string(kDefaultSpace) : config.space);
}

}  // namespace tamis::engine
