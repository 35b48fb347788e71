#include "engine/learn/fuse_retrievers.h"

#include <algorithm>
#include <cmath>

#include "engine/retrieval/merge.h"
#include "models/metrics.h"

namespace tamis::engine {
namespace {

constexpr std::uint32_t kListLength = 10;
constexpr double kWeights[] = {0.1, 0.25, 0.5, 1, 2, 4};  // beside the leader's 1
constexpr double kErrors = 1.5;       // standard errors that it must exceed: the best of many is lucky
constexpr double kLeastGain = 0.005;  // share of the figure that one retriever more must add

struct WeighedList {
  std::size_t retriever = 0;
  double weight = 1;
};

std::vector<double> ndcg_of(std::span<const RetrieverLists> lists, const std::vector<WeighedList>& parts,
                            MergeMethod merge, std::span<const std::vector<std::uint32_t>> relevant) {
  std::vector<double> by_user;
  by_user.reserve(relevant.size());
  std::vector<CandidateList> found(parts.size());
  std::vector<std::uint32_t> ranked;
  for (std::size_t user = 0; user < relevant.size(); ++user) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      found[i].weight = parts[i].weight;
      found[i].candidates = lists[parts[i].retriever].by_user[user];
    }
    ranked.clear();
    for (const RankedItem& item : merge_candidates(found, merge, kListLength)) ranked.push_back(item.item);
    by_user.push_back(models::user_metrics(ranked, relevant[user], kListLength).ndcg);
  }
  return by_user;
}

FusedRetrievers fuse_by(MergeMethod merge, std::span<const RetrieverLists> lists,
                        std::span<const std::vector<std::uint32_t>> relevant, std::size_t most) {
  std::vector<WeighedList> parts;
  std::vector<double> best;
  while (parts.size() < std::min(most, lists.size())) {
    std::vector<double> best_next;
    WeighedList next;
    for (std::size_t retriever = 0; retriever < lists.size(); ++retriever) {
      const bool is_taken =
          std::any_of(parts.begin(), parts.end(), [&](const WeighedList& part) { return part.retriever == retriever; });
      if (is_taken) continue;
      for (const double weight : kWeights) {
        if (parts.empty() && weight != 1) continue;
        std::vector<WeighedList> tried = parts;
        tried.push_back({retriever, weight});
        std::vector<double> by_user = ndcg_of(lists, tried, merge, relevant);
        if (!best_next.empty() && mean_of(by_user).mean <= mean_of(best_next).mean) continue;
        best_next = std::move(by_user);
        next = tried.back();
      }
    }
    if (!parts.empty()) {
      const MeanOfUsers gain = mean_gain(best_next, best);
      if (gain.mean <= std::max(kErrors * gain.error, kLeastGain * mean_of(best).mean)) break;
    }
    parts.push_back(next);
    best = std::move(best_next);
  }
  FusedRetrievers fused{.retrievers = {}, .merge = merge, .ndcg10 = std::move(best)};
  for (const WeighedList& part : parts) {
    fused.retrievers.push_back(lists[part.retriever].config);
    fused.retrievers.back().weight = part.weight;
  }
  return fused;
}

}  // namespace

MeanOfUsers mean_of(std::span<const double> by_user) {
  if (by_user.empty()) return {};
  const auto users = static_cast<double>(by_user.size());
  double sum = 0;
  double squares = 0;
  for (const double value : by_user) {
    sum += value;
    squares += value * value;
  }
  return {.mean = sum / users, .error = std::sqrt(std::max(0.0, squares - sum * sum / users)) / users};
}

MeanOfUsers mean_gain(std::span<const double> a, std::span<const double> b) {
  std::vector<double> gains(a.size());
  std::transform(a.begin(), a.end(), b.begin(), gains.begin(), [](double x, double y) { return x - y; });
  return mean_of(gains);
}

FusedRetrievers fuse_retrievers(std::span<const RetrieverLists> lists,
                                std::span<const std::vector<std::uint32_t>> relevant, std::size_t most) {
  FusedRetrievers by_rank = fuse_by(MergeMethod::kReciprocalRank, lists, relevant, most);
  FusedRetrievers by_score = fuse_by(MergeMethod::kNormalizedScore, lists, relevant, most);
  return mean_of(by_score.ndcg10).mean > mean_of(by_rank.ndcg10).mean ? by_score : by_rank;
}

}  // namespace tamis::engine
