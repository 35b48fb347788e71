// ease, graph_filter, ...: what a trained model makes of the user's history by itself (models/history_model.h).
#include <algorithm>
#include <map>

#include "engine/retrieval/retrievers.h"
#include "models/kinds/history_model_kinds.h"

namespace tamis::engine {
namespace {

class HistoryModelRetriever final : public Retriever {
 public:
  explicit HistoryModelRetriever(std::string_view kind) : kind_(kind) {}

  Status retrieve(const RetrievalContext& context, const RetrieverConfig& config, CandidateList* out) const override {
    const Generation* generation = context.state.generation.get();
    const models::HistoryModel* model = generation == nullptr ? nullptr : generation->history_model(kind_);
    if (model == nullptr) {
      out->note = std::string(kind_) + " is not trained";
      return Status::ok();
    }
    const Vocabulary& vocabulary = generation->vocabulary(kind_);
    const UserState::Rows history = context.user.rows_of(vocabulary);
    if (history.rows.empty()) {
      out->note = "no history that the model knows";
      return Status::ok();
    }
    const auto accepts = [&](std::uint32_t row) { return context.is_eligible(vocabulary.items[row]); };
    out->candidates = model->recommend(history.rows, history.weights, config.quota, accepts);
    for (models::ScoredId& candidate : out->candidates) candidate.id = vocabulary.items[candidate.id];
    std::sort(out->candidates.begin(), out->candidates.end(), models::ranks_before);  // ties by dense id, not by row
    return Status::ok();
  }

  Result<Reasons> explain(const RetrievalContext& context, const RetrieverConfig& /*config*/,
                          DenseId item) const override {
    Reasons reasons;
    const Generation* generation = context.state.generation.get();
    const models::HistoryModel* model = generation == nullptr ? nullptr : generation->history_model(kind_);
    if (model == nullptr) return reasons;
    const Vocabulary& vocabulary = generation->vocabulary(kind_);
    const std::uint32_t row = vocabulary.row_of(EntityKind::kItem, item);
    if (row == kNoDenseId) return reasons;
    const UserState::Rows history = context.user.rows_of(vocabulary);
    std::vector<double> shares(history.rows.size());
    if (!model->explain(history.rows, history.weights, row, shares)) return reasons;
    for (std::size_t h = 0; h < shares.size(); ++h) {
      if (shares[h] != 0) reasons.emplace_back(history.items[h], shares[h]);
    }
    return reasons;
  }

 private:
  std::string_view kind_;  // of static storage
};

}  // namespace

const Retriever* history_model_retriever(std::string_view kind) {
  static const std::map<std::string_view, HistoryModelRetriever> kRetrievers = [] {
    std::map<std::string_view, HistoryModelRetriever> retrievers;
    for (const models::HistoryModelKind& known : models::history_model_kinds())
      if (!known.is_of_carts) retrievers.try_emplace(known.name, known.name);
    return retrievers;
  }();
  const auto found = kRetrievers.find(kind);
  return found == kRetrievers.end() ? nullptr : &found->second;
}

}  // namespace tamis::engine
