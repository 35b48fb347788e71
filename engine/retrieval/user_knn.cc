// user_knn: the votes of the users most similar to this one's latest history.
#include "engine/retrieval/retrievers.h"
#include "engine/retrieval/similar_users.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kVoters = 100;

class UserKnnRetriever final : public Retriever {
 public:
  Status retrieve(const RetrievalContext& context, const RetrieverConfig& config, CandidateList* out) const override {
    const Generation* generation = context.state.generation.get();
    if (generation == nullptr || !has_user_knn(*generation)) {
      out->note = "user_knn is not trained";
      return Status::ok();
    }
    const std::vector<models::ScoredId> voters = find_similar_user_rows(*generation, context.user, kVoters);
    if (voters.empty()) {
      out->note = "no history that the model knows";
      return Status::ok();
    }
    const Vocabulary& vocabulary = generation->vocabulary("user_knn");
    const auto fetch = [&](std::size_t depth) {
      auto found = models::score_user_knn(voters, generation->interactions, depth);
      for (models::ScoredId& candidate : found) candidate.id = vocabulary.items[candidate.id];
      return found;
    };
    collect_eligible(context.is_eligible, config.quota, fetch, &out->candidates);
    return Status::ok();
  }
};

}  // namespace

const Retriever& user_knn_retriever() {
  static const UserKnnRetriever retriever;
  return retriever;
}

}  // namespace tamis::engine
