// ann: the items nearest to the user's vector in one space.
#include "engine/funnel/funnel_names.h"
#include "engine/retrieval/retrievers.h"
#include "engine/retrieval/space_search.h"
#include "engine/retrieval/user_vector.h"

namespace tamis::engine {
namespace {

class AnnRetriever final : public Retriever {
 public:
  Status retrieve(const RetrievalContext& context, const RetrieverConfig& config, CandidateList* out) const override {
    const SpaceIndex* space = find_space(context.state, config.space);
    if (space == nullptr || space->items == nullptr) {
      out->note = "there is no such space";
      return Status::ok();
    }
    UserVector query = find_user_vector(context.state, *space, context.user);
    if (query.values.empty()) {
      out->note = std::move(query.note);
      return Status::ok();
    }
    const SearchManner manner = search_manner(context.state, *space, config);
    out->is_exact = manner.is_exact;
    TAMIS_ASSIGN_OR_RETURN(out->candidates,
                           search_eligible(*space->items, query.values, config.quota, context.is_eligible,
                                           {.ef = 0, .filter = nullptr, .exact = manner.scans}));
    return Status::ok();
  }

  Result<Reasons> explain(const RetrievalContext& context, const RetrieverConfig& config, DenseId item) const override {
    const SpaceIndex* space = find_space(context.state, config.space);
    if (space == nullptr) return Reasons{};
    return explain_user_vector(context.state, *space, context.user, item);
  }
};

}  // namespace

const Retriever& ann_retriever() {
  static const AnnRetriever retriever;
  return retriever;
}

}  // namespace tamis::engine
