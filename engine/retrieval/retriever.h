// Retriever: one source of candidates. A new kind is one file here and one line in retriever.cc.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/status.h"
#include "engine/funnel.h"
#include "engine/live/read_state.h"
#include "engine/retrieval/candidate.h"
#include "engine/retrieval/eligibility.h"
#include "engine/retrieval/user_state.h"

namespace tamis::engine {

// What a retriever may look at.
struct RetrievalContext {
  const ReadState& state;
  const UserState& user;
  const Eligibility& is_eligible;
  TimestampMs now_ms = 0;
};

// The user's own items that led to a candidate, by dense id, with their share of its score.
using Reasons = std::vector<std::pair<DenseId, double>>;

// Thread-safe: retrievers have no state.
class Retriever {
 public:
  virtual ~Retriever() = default;
  // Fills `out->candidates` with at most config.quota eligible items, best first. A part that is missing (no model, no
  // history) is no error: the list stays empty and `out->note` says why.
  virtual Status retrieve(const RetrievalContext& context, const RetrieverConfig& config, CandidateList* out) const = 0;
  // Why `item`, which this retriever found: reasons in any order; none where the kind knows none.
  virtual Result<Reasons> explain(const RetrievalContext& /*context*/, const RetrieverConfig& /*config*/,
                                  DenseId /*item*/) const {
    return Reasons{};
  }
};

// Null for an unknown kind.
const Retriever* find_retriever(std::string_view kind);

// The space by that name (the default one where it is empty), or null.
const SpaceIndex* find_space(const ReadState& state, std::string_view name);

// Whether what a search of the space finds follows from the data alone. It does where the search scans the space whole
// (told to, or so small that a scan costs no more than a walk) and no vector is refitted while requests come.
struct SearchManner {
  bool scans = false;
  bool is_exact = false;
};
SearchManner search_manner(const ReadState& state, const SpaceIndex& space, const RetrieverConfig& config);

// "ann:ials", "similar:text", "item_knn".
std::string retriever_label(const RetrieverConfig& config);

// Fills `out` to `quota` with the eligible ones of ever deeper lists: `fetch(depth)` gives the best `depth`, fewer
// where there are no more. The first depth allows for what is excluded and for the share that the filter passes.
template <typename Fetch>
void collect_eligible(const Eligibility& is_eligible, std::size_t quota, const Fetch& fetch,
                      std::vector<models::ScoredId>* out) {
  const std::size_t reachable = std::min(quota, is_eligible.upper_bound());
  std::size_t depth = quota + is_eligible.excluded_count();
  if (is_eligible.has_filter()) {
    const std::size_t passing = std::max<std::size_t>(1, is_eligible.passing_filter());
    depth += quota * (is_eligible.id_count() / passing);
  }
  while (reachable > 0) {
    const std::vector<models::ScoredId> found = fetch(depth);
    out->clear();
    for (const models::ScoredId& candidate : found) {
      if (out->size() == quota) break;
      if (is_eligible(candidate.id)) out->push_back(candidate);
    }
    if (out->size() >= reachable || found.size() < depth || depth >= is_eligible.id_count()) return;
    depth *= 4;
  }
}

}  // namespace tamis::engine
