#include "engine/query/fallback.h"

#include <algorithm>

namespace tamis::engine {

Status fill_from_fallback(const RetrievalContext& context, const std::vector<std::string>& kinds, std::size_t k,
                          const Screen& screen, std::vector<RankedItem>* answer, std::vector<CandidateList>* sources) {
  constexpr std::size_t kScreenedDepth = 8;  // so many times deeper a ranking is read that will be thinned out
  const double base = answer->empty() ? 1.0 : answer->back().score;
  std::size_t added = 0;
  for (const std::string& kind : kinds) {
    if (answer->size() >= k) break;
    const Retriever* retriever = find_retriever(kind);
    if (retriever == nullptr) continue;
    // At most answer->size() of the ranking's best are in the answer, so so many more are enough.
    const std::size_t quota = (k + answer->size()) * (screen ? kScreenedDepth : 1);
    const RetrieverConfig config{.kind = kind, .quota = static_cast<std::uint32_t>(quota), .weight = 1, .space = {}};
    CandidateList source{.label = kind, .weight = 1, .candidates = {}, .note = {}};
    TAMIS_RETURN_IF_ERROR(retriever->retrieve(context, config, &source));
    if (screen) screen(*answer, &source.candidates);
    for (const models::ScoredId& candidate : source.candidates) {
      if (answer->size() >= k) break;
      const bool is_in = std::any_of(answer->begin(), answer->end(),
                                     [&](const RankedItem& chosen) { return chosen.item == candidate.id; });
      if (is_in) continue;
      ++added;
      answer->push_back(
          {.item = candidate.id, .score = base / static_cast<double>(1 + added), .fallback = true, .propensity = 1});
    }
    sources->push_back(std::move(source));
  }
  return Status::ok();
}

}  // namespace tamis::engine
