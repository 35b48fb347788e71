// bought_together: what goes with the user's last basket, by what people buy in one (models/bought_together).
#include "models/bought_together/bought_together.h"

#include <algorithm>

#include "engine/retrieval/last_basket.h"
#include "engine/retrieval/retrievers.h"

namespace tamis::engine {
namespace {

constexpr std::string_view kBoughtTogether = "bought_together";

class BoughtTogetherRetriever final : public Retriever {
 public:
  Status retrieve(const RetrievalContext& context, const RetrieverConfig& config, CandidateList* out) const override {
    const models::BoughtTogetherModel* model = find_bought_together(context.state);
    if (model == nullptr) {
      out->note = "bought_together is not trained";
      return Status::ok();
    }
    const Vocabulary& vocabulary = context.state.generation->vocabulary(kBoughtTogether);
    const std::vector<std::uint32_t> cart = rows_of(last_basket(context.user, model->gap_minutes()), vocabulary);
    if (cart.empty()) {
      out->note = "no basket whose items the model knows";
      return Status::ok();
    }
    const auto accepts = [&](std::uint32_t row) { return context.is_eligible(vocabulary.items[row]); };
    for (const models::BoughtTogetherItem& item : model->complete(cart, model->support(), config.quota, accepts))
      out->candidates.push_back({vocabulary.items[item.item], static_cast<float>(item.score)});
    std::sort(out->candidates.begin(), out->candidates.end(), models::ranks_before);  // ties by dense id, not by row
    return Status::ok();
  }

  Result<Reasons> explain(const RetrievalContext& context, const RetrieverConfig& /*config*/,
                          DenseId item) const override {
    Reasons reasons;
    const models::BoughtTogetherModel* model = find_bought_together(context.state);
    if (model == nullptr) return reasons;
    const Vocabulary& vocabulary = context.state.generation->vocabulary(kBoughtTogether);
    const std::uint32_t row = vocabulary.row_of(EntityKind::kItem, item);
    if (row == kNoDenseId) return reasons;
    const std::vector<std::uint32_t> cart = rows_of(last_basket(context.user, model->gap_minutes()), vocabulary);
    std::vector<double> shares(cart.size());
    model->explain(cart, {}, row, shares);
    for (std::size_t i = 0; i < cart.size(); ++i)
      if (shares[i] != 0) reasons.emplace_back(vocabulary.items[cart[i]], shares[i]);
    return reasons;
  }

 private:
  static std::vector<std::uint32_t> rows_of(const std::vector<DenseId>& items, const Vocabulary& vocabulary) {
    std::vector<std::uint32_t> rows;
    for (const DenseId item : items)
      if (const std::uint32_t row = vocabulary.row_of(EntityKind::kItem, item); row != kNoDenseId) rows.push_back(row);
    return rows;
  }
};

}  // namespace

const models::BoughtTogetherModel* find_bought_together(const ReadState& state) {
  if (state.generation == nullptr) return nullptr;
  return dynamic_cast<const models::BoughtTogetherModel*>(state.generation->history_model(kBoughtTogether));
}

std::vector<DenseId> last_basket(const UserState& user, double gap_minutes) {
  constexpr std::size_t kMostItems = 50;
  const auto gap_ms = static_cast<TimestampMs>(gap_minutes * 60'000);
  std::vector<DenseId> basket;
  TimestampMs next_ms = 0;
  for (auto event = user.events.rbegin(); event != user.events.rend() && basket.size() < kMostItems; ++event) {
    if (!basket.empty() && next_ms - event->timestamp_ms > gap_ms) break;
    next_ms = event->timestamp_ms;
    if (std::find(basket.begin(), basket.end(), event->item) == basket.end()) basket.push_back(event->item);
  }
  return basket;
}

const Retriever& bought_together_retriever() {
  static const BoughtTogetherRetriever retriever;
  return retriever;
}

}  // namespace tamis::engine
