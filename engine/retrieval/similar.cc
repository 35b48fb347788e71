// similar: the nearest items to each of the user's last few in one space; an item counts by its nearest.
#include <algorithm>

#include "engine/funnel/funnel_names.h"
#include "engine/retrieval/retrievers.h"
#include "engine/retrieval/space_search.h"
#include "engine/retrieval/user_vector.h"
#include "engine/serving/stamped_array.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kSeeds = 5;  // of the history, newest first, that have a vector

class SimilarRetriever final : public Retriever {
 public:
  Status retrieve(const RetrievalContext& context, const RetrieverConfig& config, CandidateList* out) const override {
    const SpaceIndex* space = find_space(context.state, config.space);
    if (space == nullptr || space->items == nullptr) {
      out->note = "there is no such space";
      return Status::ok();
    }
    const std::vector<Seed> seeds = find_seeds(*space, context.user);
    if (seeds.empty()) {
      out->note = "none of the user's items has a vector in the space";
      return Status::ok();
    }
    const SearchManner manner = search_manner(context.state, *space, config);
    out->is_exact = manner.is_exact;
    std::vector<models::ScoredId> all;
    for (const Seed& seed : seeds) {
      TAMIS_ASSIGN_OR_RETURN(const std::vector<models::ScoredId> found,
                             search_eligible(*space->items, seed.vector, config.quota, context.is_eligible,
                                             {.ef = 0, .filter = nullptr, .exact = manner.scans}));
      all.insert(all.end(), found.begin(), found.end());
    }
    std::sort(all.begin(), all.end(), models::ranks_before);
    thread_local StampedArray<char> taken;
    taken.clear();
    for (const models::ScoredId& candidate : all) {
      if (out->candidates.size() == config.quota) break;
      if (taken.contains(candidate.id)) continue;
      taken[candidate.id] = 1;
      out->candidates.push_back(candidate);
    }
    return Status::ok();
  }

  // The nearest own item.
  Result<Reasons> explain(const RetrievalContext& context, const RetrieverConfig& config, DenseId item) const override {
    Reasons reasons;
    const SpaceIndex* space = find_space(context.state, config.space);
    if (space == nullptr) return reasons;
    const std::vector<float> target = stored_vector(space->items.get(), space->space.dim, item);
    if (target.empty()) return reasons;
    for (const Seed& seed : find_seeds(*space, context.user)) {
      const double score = vector_score(space->space.metric, seed.vector, target);
      if (reasons.empty()) {
        reasons.emplace_back(seed.item, score);
      } else if (score > reasons.front().second) {
        reasons.front() = {seed.item, score};
      }
    }
    return reasons;
  }

 private:
  struct Seed {
    DenseId item;
    std::vector<float> vector;
  };

  static std::vector<Seed> find_seeds(const SpaceIndex& space, const UserState& user) {
    std::vector<Seed> seeds;
    for (const HistoryItem& entry : user.items) {
      if (seeds.size() == kSeeds) break;
      std::vector<float> vector = stored_vector(space.items.get(), space.space.dim, entry.item);
      if (!vector.empty()) seeds.push_back({entry.item, std::move(vector)});
    }
    return seeds;
  }
};

}  // namespace

const Retriever& similar_retriever() {
  static const SimilarRetriever retriever;
  return retriever;
}

}  // namespace tamis::engine
