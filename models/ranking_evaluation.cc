#include "models/ranking_evaluation.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include "models/blas.h"
#include "models/parallel.h"

namespace tamis::models {
namespace {

constexpr std::size_t kUsersPerBatch = 64;
constexpr std::size_t kItemsPerTile = 4096;  // scores of a tile, 64 x 4096 floats, stay in the second-level cache

// The best `depth` of each user's dot products, computed tile by tile.
void rank_batch(std::span<const float> user_factors, std::span<const float> item_factors, std::size_t dim,
                std::span<const RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
  const std::size_t items = item_factors.size() / dim;
  std::vector<float> factors(queries.size() * dim);
  std::vector<TopK> best;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    std::copy_n(user_factors.data() + queries[i].user * dim, dim, factors.data() + i * dim);
    best.emplace_back(std::min(queries[i].depth, items));
  }
  std::vector<float> scores(queries.size() * kItemsPerTile);
  for (std::size_t begin = 0; begin < items; begin += kItemsPerTile) {
    const std::size_t count = std::min(kItemsPerTile, items - begin);
    blas::multiply_by_transposed(queries.size(), count, dim, factors.data(), item_factors.data() + begin * dim,
                                 scores.data());
    for (std::size_t i = 0; i < queries.size(); ++i) {
      const float* row = scores.data() + i * count;
      for (std::size_t j = 0; j < count; ++j) {
        if (best[i].may_enter(row[j])) best[i].push({static_cast<std::uint32_t>(begin + j), row[j]});
      }
    }
  }
  for (std::size_t i = 0; i < queries.size(); ++i) {
    lists[i].clear();
    for (const ScoredId& item : best[i].take()) lists[i].push_back(item.id);
  }
}

// The first k of `ranked` that are not in `seen`.
std::vector<std::uint32_t> without_seen(std::span<const std::uint32_t> ranked, std::span<const std::uint32_t> seen,
                                        std::size_t k) {
  std::vector<std::uint32_t> kept;
  for (const std::uint32_t item : ranked) {
    if (kept.size() == k) break;
    if (!std::binary_search(seen.begin(), seen.end(), item)) kept.push_back(item);
  }
  return kept;
}

}  // namespace

Recommender rank_for_everyone(std::vector<std::uint32_t> ranked) {
  // Shared: a std::function is copied about.
  auto shared = std::make_shared<const std::vector<std::uint32_t>>(std::move(ranked));
  return [shared](std::span<const RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
    for (std::size_t i = 0; i < queries.size(); ++i) {
      const std::size_t length = std::min(queries[i].depth, shared->size());
      lists[i].assign(shared->begin(), shared->begin() + static_cast<std::ptrdiff_t>(length));
    }
  };
}

Recommender rank_by_dot_product(std::span<const float> user_factors, std::span<const float> item_factors,
                                std::size_t dim) {
  return [=](std::span<const RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
    rank_batch(user_factors, item_factors, dim, queries, lists);
  };
}

std::map<std::string, double> RankingMetrics::named(std::size_t k) const {
  const std::string at = "@" + std::to_string(k);
  return {{"recall" + at, recall}, {"ndcg" + at, ndcg},         {"hr" + at, hr},    {"mrr" + at, mrr},
          {"map" + at, map},       {"coverage" + at, coverage}, {"gini" + at, gini}};
}

std::map<std::string, Interval> RankingMetrics::intervals(std::size_t k, const BootstrapOptions& options) const {
  constexpr std::pair<const char*, double UserMetrics::*> kMeans[] = {{"recall", &UserMetrics::recall},
                                                                      {"ndcg", &UserMetrics::ndcg},
                                                                      {"hr", &UserMetrics::hr},
                                                                      {"mrr", &UserMetrics::mrr},
                                                                      {"map", &UserMetrics::map}};
  std::map<std::string, Interval> named_intervals;
  std::vector<double> values(by_case.size());
  for (const auto& [name, member] : kMeans) {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = by_case[i].*member;
    named_intervals[name + ("@" + std::to_string(k))] = bootstrap_mean(values, options);
  }
  return named_intervals;
}

double novelty(std::span<const std::uint64_t> recommendations, std::span<const std::uint64_t> train_counts) {
  const auto total = static_cast<double>(std::accumulate(train_counts.begin(), train_counts.end(), std::uint64_t{0}));
  double bits = 0;
  double entries = 0;
  for (std::size_t item = 0; item < recommendations.size(); ++item) {
    if (recommendations[item] == 0) continue;
    const auto count = static_cast<double>(std::max<std::uint64_t>(train_counts[item], 1));
    const auto lists = static_cast<double>(recommendations[item]);
    bits -= lists * std::log2(count / std::max(total, 1.0));
    entries += lists;
  }
  return entries == 0 ? 0 : bits / entries;
}

namespace {

// Means over the cases of one cutoff. `recommended` and `by_case` are those of each case.
RankingMetrics mean_metrics(std::vector<UserMetrics> by_case,
                            const std::vector<std::vector<std::uint32_t>>& recommended, std::size_t k,
                            std::size_t items) {
  RankingMetrics mean;
  mean.users = by_case.size();
  std::vector<std::uint64_t> counts(items);
  for (std::size_t i = 0; i < by_case.size(); ++i) {
    mean.recall += by_case[i].recall;
    mean.ndcg += by_case[i].ndcg;
    mean.hr += by_case[i].hr;
    mean.mrr += by_case[i].mrr;
    mean.map += by_case[i].map;
    for (const std::uint32_t item : std::span(recommended[i]).first(std::min(k, recommended[i].size()))) {
      if (item < items) ++counts[item];
    }
  }
  const double users = std::max<double>(1, static_cast<double>(by_case.size()));
  for (double* value : {&mean.recall, &mean.ndcg, &mean.hr, &mean.mrr, &mean.map}) *value /= users;
  const auto covered = std::count_if(counts.begin(), counts.end(), [](std::uint64_t count) { return count > 0; });
  mean.coverage = items == 0 ? 0 : static_cast<double>(covered) / static_cast<double>(items);
  mean.gini = gini_coefficient(counts);
  mean.by_case = std::move(by_case);
  mean.recommendations = std::move(counts);
  return mean;
}

}  // namespace

Result<std::vector<RankingMetrics>> evaluate_ranking(std::span<const EvaluationCase> cases, std::size_t items,
                                                     const Recommender& recommender,
                                                     std::span<const std::size_t> cutoffs,
                                                     const TrainControl& control) {
  if (std::ranges::find(cutoffs, 0U) != cutoffs.end())
    return Status::invalid_argument("k is 0, expected at least 1").at_field("k");
  const std::size_t longest = cutoffs.empty() ? 0 : *std::ranges::max_element(cutoffs);
  std::vector<std::vector<UserMetrics>> by_case(cutoffs.size(), std::vector<UserMetrics>(cases.size()));
  std::vector<std::vector<std::uint32_t>> recommended(cases.size());
  TAMIS_RETURN_IF_ERROR(parallel_blocks(control, cases.size(), kUsersPerBatch, [&](std::size_t begin, std::size_t end) {
    std::vector<RankingQuery> queries;
    for (std::size_t i = begin; i < end; ++i) {
      queries.push_back({.user = cases[i].user, .depth = longest + cases[i].seen.size()});
    }
    std::vector<std::vector<std::uint32_t>> lists(queries.size());
    recommender(queries, lists);
    for (std::size_t i = begin; i < end; ++i) {
      recommended[i] = without_seen(lists[i - begin], cases[i].seen, longest);
      for (std::size_t c = 0; c < cutoffs.size(); ++c) {
        by_case[c][i] = user_metrics(recommended[i], cases[i].relevant, cutoffs[c]);
      }
    }
  }));
  std::vector<RankingMetrics> means;
  for (std::size_t c = 0; c < cutoffs.size(); ++c) {
    means.push_back(mean_metrics(std::move(by_case[c]), recommended, cutoffs[c], items));
  }
  return means;
}

Result<RankingMetrics> evaluate_ranking(std::span<const EvaluationCase> cases, std::size_t items,
                                        const Recommender& recommender, std::size_t k, const TrainControl& control) {
  const std::size_t cutoffs[] = {k};
  TAMIS_ASSIGN_OR_RETURN(std::vector<RankingMetrics> metrics,
                         evaluate_ranking(cases, items, recommender, cutoffs, control));
  return std::move(metrics.front());
}

}  // namespace tamis::models
