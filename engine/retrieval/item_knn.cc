// item_knn: for each item, the similarity-weighted sum over the user's history (Deshpande & Karypis 2004).
#include "engine/retrieval/retrievers.h"

namespace tamis::engine {
namespace {

constexpr std::string_view kName = "item_knn";

class ItemKnnRetriever final : public Retriever {
 public:
  Status retrieve(const RetrievalContext& context, const RetrieverConfig& config, CandidateList* out) const override {
    const Generation* generation = context.state.generation.get();
    if (generation == nullptr || !generation->item_neighbors) {
      out->note = "item_knn is not trained";
      return Status::ok();
    }
    const Vocabulary& vocabulary = generation->vocabulary(kName);
    const UserState::Rows history = context.user.rows_of(vocabulary);
    if (history.rows.empty()) {
      out->note = "no history that the model knows";
      return Status::ok();
    }
    const auto fetch = [&](std::size_t depth) {
      auto found = models::score_item_knn(*generation->item_neighbors, history.rows, history.weights, depth);
      for (models::ScoredId& candidate : found) candidate.id = vocabulary.items[candidate.id];
      return found;
    };
    collect_eligible(context.is_eligible, config.quota, fetch, &out->candidates);
    return Status::ok();
  }

  // The score is a sum over the history: its terms.
  Result<Reasons> explain(const RetrievalContext& context, const RetrieverConfig& /*config*/,
                          DenseId item) const override {
    Reasons reasons;
    const Generation* generation = context.state.generation.get();
    if (generation == nullptr || !generation->item_neighbors) return reasons;
    const Vocabulary& vocabulary = generation->vocabulary(kName);
    const std::uint32_t row = vocabulary.row_of(EntityKind::kItem, item);
    if (row == kNoDenseId) return reasons;
    const models::NeighborTable& table = *generation->item_neighbors;
    const UserState::Rows history = context.user.rows_of(vocabulary);
    for (std::size_t h = 0; h < history.rows.size(); ++h) {
      const auto neighbors = table.row_neighbors(history.rows[h]);
      const auto similarities = table.row_similarities(history.rows[h]);
      for (std::size_t n = 0; n < neighbors.size(); ++n) {
        if (neighbors[n] == row) reasons.emplace_back(history.items[h], double{history.weights[h]} * similarities[n]);
      }
    }
    return reasons;
  }
};

}  // namespace

const Retriever& item_knn_retriever() {
  static const ItemKnnRetriever retriever;
  return retriever;
}

}  // namespace tamis::engine
