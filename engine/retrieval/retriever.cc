#include "engine/retrieval/retriever.h"

#include "engine/funnel/funnel_names.h"
#include "engine/retrieval/retrievers.h"

namespace tamis::engine {

const Retriever* find_retriever(std::string_view kind) {
  struct Named {
    std::string_view kind;
    const Retriever& (*get)();
  };
  static constexpr Named kRetrievers[] = {
      {"ann", ann_retriever},         {"item_knn", item_knn_retriever}, {"user_knn", user_knn_retriever},
      {"popular", popular_retriever}, {"trending", trending_retriever}, {"latest", latest_retriever},
      {"similar", similar_retriever}, {"rebuy", rebuy_retriever},       {"bought_together", bought_together_retriever},
  };
  for (const Named& named : kRetrievers)
    if (named.kind == kind) return &named.get();
  return history_model_retriever(kind);
}

const SpaceIndex* find_space(const ReadState& state, std::string_view name) {
  const auto found = state.spaces.find(name.empty() ? kDefaultSpace : name);
  return found == state.spaces.end() ? nullptr : found->second.get();
}

SearchManner search_manner(const ReadState& state, const SpaceIndex& space, const RetrieverConfig& config) {
  constexpr std::size_t kScannedRows = 8'192;  // about what an index holds before it builds its first graph
  const bool is_refitted = state.options->online.enabled && space.space.encoder != "external";
  const bool scans = config.exact || space.items->size() <= kScannedRows;
  return {.scans = scans || state.exact_search, .is_exact = scans && !is_refitted && space.space.keep_f32};
}

std::string retriever_label(const RetrieverConfig& config) {
  if (!retriever_reads_space(config.kind)) return config.kind;
  return config.kind + ":" + (config.space.empty() ? std::string(kDefaultSpace) : config.space);
}

}  // namespace tamis::engine
