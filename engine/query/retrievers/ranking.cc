// popular, trending, latest: walks down a ranking of the whole catalogue.
#include "engine/query/retrievers/retrievers.h"

namespace tamis::engine {
namespace {

class RankingRetriever final : public Retriever {
 public:
  using Source = ItemStatistics::Ranking (*)(const ItemStatistics& statistics, TimestampMs now_ms, bool* is_current);
  explicit RankingRetriever(Source source) : source_(source) {}

  Status retrieve(const RetrievalContext& context, const RetrieverConfig& config, CandidateList* out) const override {
    const ItemStatistics::Ranking ranking = source_(*context.state.item_statistics, context.now_ms, &out->is_exact);
    const std::size_t wanted = std::min<std::size_t>(config.quota, context.is_eligible.upper_bound());
    for (const models::ScoredId& entry : *ranking) {
      if (out->candidates.size() >= wanted) break;
      if (context.is_eligible(entry.id)) out->candidates.push_back(entry);
    }
    if (ranking->empty()) out->note = "no items yet";
    return Status::ok();
  }

 private:
  Source source_;
};

}  // namespace

const Retriever& popular_retriever() {
  static const RankingRetriever retriever(
      [](const ItemStatistics& statistics, TimestampMs, bool* is_current) { return statistics.popular(is_current); });
  return retriever;
}

const Retriever& trending_retriever() {
  static const RankingRetriever retriever([](const ItemStatistics& statistics, TimestampMs now_ms, bool* is_current) {
    return statistics.trending(now_ms, is_current);
  });
  return retriever;
}

const Retriever& latest_retriever() {
  static const RankingRetriever retriever(
      [](const ItemStatistics& statistics, TimestampMs, bool* is_current) { return statistics.latest(is_current); });
  return retriever;
}

}  // namespace tamis::engine
