#include "models/collaborative_models.h"

#include <algorithm>
#include <memory>
#include <string>

#include "models/ials.h"
#include "models/model_options.h"
#include "models/neighbors.h"
#include "models/popularity.h"

namespace tamis::models {
namespace {

std::vector<std::uint32_t> ids_of(const std::vector<ScoredId>& scored) {
  std::vector<std::uint32_t> ids;
  ids.reserve(scored.size());
  for (const ScoredId& item : scored) ids.push_back(item.id);
  return ids;
}

Result<Recommender> train_popular(const InteractionMatrix& train, const Settings& /*settings*/,
                                  const TrainControl& /*control*/) {
  return rank_for_everyone(ids_of(top_scores(popularity_scores(train), train.columns)));
}

Result<Recommender> train_item_knn(const InteractionMatrix& train, const Settings& settings,
                                   const TrainControl& control) {
  TAMIS_ASSIGN_OR_RETURN(NeighborTable trained,
                         train_neighbors(train.transpose(), neighbor_options(settings), control));
  // Shared: a std::function is copied about.
  auto table = std::make_shared<const NeighborTable>(std::move(trained));
  return Recommender{
      [&train, table](std::span<const RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
        for (std::size_t i = 0; i < queries.size(); ++i) {
          lists[i] = ids_of(score_item_knn(*table, train.row_columns(queries[i].user), {}, queries[i].depth));
        }
      }};
}

Result<Recommender> train_user_knn(const InteractionMatrix& train, const Settings& settings,
                                   const TrainControl& control) {
  TAMIS_ASSIGN_OR_RETURN(NeighborTable trained, train_neighbors(train, neighbor_options(settings), control));
  auto table = std::make_shared<const NeighborTable>(std::move(trained));
  return Recommender{
      [&train, table](std::span<const RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
        std::vector<ScoredId> similar;
        for (std::size_t i = 0; i < queries.size(); ++i) {
          const auto users = table->row_neighbors(queries[i].user);
          const auto similarities = table->row_similarities(queries[i].user);
          similar.clear();
          for (std::size_t n = 0; n < users.size(); ++n) similar.push_back({users[n], similarities[n]});
          lists[i] = ids_of(score_user_knn(similar, train, queries[i].depth));
        }
      }};
}

Result<Recommender> train_ials_factors(const InteractionMatrix& train, const Settings& settings,
                                       const TrainControl& control) {
  TAMIS_ASSIGN_OR_RETURN(IalsModel trained, train_ials(train, ials_options(settings), control));
  auto model = std::make_shared<const IalsModel>(std::move(trained));
  const Recommender ranked = rank_by_dot_product(model->user_factors, model->item_factors, model->options.dim);
  return Recommender{[model, ranked](std::span<const RankingQuery> queries,
                                     std::span<std::vector<std::uint32_t>> lists) { ranked(queries, lists); }};
}

constexpr CollaborativeModel kModels[] = {
    {"popular", train_popular},
    {"item_knn", train_item_knn},
    {"user_knn", train_user_knn},
    {"ials", train_ials_factors},
};

}  // namespace

std::span<const CollaborativeModel> collaborative_models() { return kModels; }

Result<CollaborativeModel> find_collaborative_model(std::string_view name) {
  TAMIS_RETURN_IF_ERROR(model_options(name).status());
  const auto* found =
      std::find_if(std::begin(kModels), std::end(kModels), [&](const CollaborativeModel& m) { return m.name == name; });
  if (found != std::end(kModels)) return *found;
  std::string known;
  for (const CollaborativeModel& model : kModels) known += (known.empty() ? "" : ", ") + std::string(model.name);
  return Status::invalid_argument("the model \"" + std::string(name) +
                                  "\" does not learn from users and items alone (those that do: " + known + ")")
      .at_field("model");
}

}  // namespace tamis::models
