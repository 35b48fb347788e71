// popular, trending, latest: walks down a ranking of the whole catalogue.
#include <algorithm>
#include <ranges>

#include "engine/retrieval/retrievers.h"

namespace tamis::engine {
namespace {

class RankingRetriever final : public Retriever {
 public:
  using Source = ItemStatistics::Ranking (*)(const ItemStatistics& statistics, TimestampMs now_ms, bool* is_current);
  // `by_date`: scores are dates, and what is dated after the query's clock is held back until then.
  explicit RankingRetriever(Source source, bool by_date = false) : source_(source), by_date_(by_date) {}

  Status retrieve(const RetrievalContext& context, const RetrieverConfig& config, CandidateList* out) const override {
    const ItemStatistics::Ranking ranking = source_(*context.state.item_statistics, context.now_ms, &out->is_exact);
    const std::size_t wanted = std::min<std::size_t>(config.quota, context.is_eligible.upper_bound());
    auto first = ranking->begin();
    if (by_date_) {  // dates are kept as floats, so one of the next two minutes may have come already
      const auto now = static_cast<float>(context.now_ms);
      first = std::partition_point(first, ranking->end(), [=](const models::ScoredId& e) { return e.score > now; });
    }
    for (const models::ScoredId& entry : std::ranges::subrange(first, ranking->end())) {
      if (out->candidates.size() >= wanted) break;
      if (context.is_eligible(entry.id)) out->candidates.push_back(entry);
    }
    if (ranking->empty()) out->note = "no items yet";
    return Status::ok();
  }

 private:
  Source source_;
  bool by_date_;
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
      [](const ItemStatistics& statistics, TimestampMs, bool* is_current) { return statistics.latest(is_current); },
      true);
  return retriever;
}

}  // namespace tamis::engine
