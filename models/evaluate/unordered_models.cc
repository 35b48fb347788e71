#include "models/evaluate/unordered_models.h"

#include <algorithm>
#include <memory>

#include "models/ials/ials_options.h"
#include "models/kinds/model_options.h"
#include "models/popularity.h"

namespace tamis::models {
namespace {

std::vector<std::uint32_t> item_ids(const std::vector<ScoredId>& scored) {
  std::vector<std::uint32_t> ids;
  ids.reserve(scored.size());
  for (const ScoredId& item : scored) ids.push_back(item.id);
  return ids;
}

InteractionMatrix to_matrix(const SequenceDataset& data) {
  std::vector<WeightedPair> pairs;
  for (std::uint32_t user = 0; user < data.train.size(); ++user) {
    for (const std::uint32_t item : data.train[user]) pairs.push_back({.row = user, .column = item});
  }
  InteractionMatrix matrix =
      make_interaction_matrix(static_cast<std::uint32_t>(data.train.size()), data.items(), pairs);
  std::fill(matrix.weight.begin(), matrix.weight.end(), 1.0F);  // a repeated item counts once
  return matrix;
}

std::vector<std::uint32_t> distinct(const std::vector<std::uint32_t>& history) {
  std::vector<std::uint32_t> items(history);
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  return items;
}

HistoryRecommender rank_by_popularity(const InteractionMatrix& train) {
  const Recommender everyone = rank_for_everyone(item_ids(top_scores(popularity_scores(train), train.columns)));
  return [everyone](const std::vector<HeldOutAction>&) { return everyone; };
}

Result<HistoryRecommender> train_item_knn(const InteractionMatrix& train, const NeighborOptions& options,
                                          const TrainControl& control) {
  TAMIS_ASSIGN_OR_RETURN(NeighborTable trained, train_neighbors(train.transpose(), options, control));
  auto table = std::make_shared<const NeighborTable>(std::move(trained));  // shared: a std::function is copied about
  return HistoryRecommender{[table](const std::vector<HeldOutAction>& histories) {
    return [table, &histories](std::span<const RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
      for (std::size_t i = 0; i < queries.size(); ++i) {
        const std::vector<std::uint32_t> items = distinct(histories[queries[i].user].history);
        lists[i] = item_ids(score_item_knn(*table, items, {}, queries[i].depth));
      }
    };
  }};
}

Result<HistoryRecommender> train_factors(const InteractionMatrix& train, const IalsOptions& options,
                                         const TrainControl& control) {
  TAMIS_ASSIGN_OR_RETURN(IalsModel trained, train_ials(train, options, control));
  auto model = std::make_shared<const IalsModel>(std::move(trained));
  auto fold_in = std::make_shared<const IalsFoldIn>(model->item_factors, model->options);
  return HistoryRecommender{[model, fold_in](const std::vector<HeldOutAction>& histories) {
    return [model, fold_in, &histories](std::span<const RankingQuery> queries,
                                        std::span<std::vector<std::uint32_t>> lists) {
      const std::size_t dim = model->options.dim;
      std::vector<float> users(queries.size() * dim);
      std::vector<RankingQuery> numbered(queries.begin(), queries.end());
      for (std::size_t i = 0; i < queries.size(); ++i) {
        const std::vector<std::uint32_t> items = distinct(histories[queries[i].user].history);
        const std::vector<float> weights(items.size(), 1.0F);
        fold_in->solve(items, weights, std::span(users).subspan(i * dim, dim));
        numbered[i].user = static_cast<std::uint32_t>(i);
      }
      rank_by_dot_product(users, model->item_factors, dim)(numbered, lists);
    };
  }};
}

}  // namespace

Result<HistoryRecommender> train_unordered_model(std::string_view model, const Settings& settings,
                                                 const SequenceDataset& data, const TrainControl& control) {
  const InteractionMatrix train = to_matrix(data);
  if (model == "popular") return rank_by_popularity(train);
  if (model == "item_knn") return train_item_knn(train, neighbor_options(settings), control);
  return train_factors(train, ials_options(settings), control);
}

}  // namespace tamis::models
