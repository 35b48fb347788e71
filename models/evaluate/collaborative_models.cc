#include "models/evaluate/collaborative_models.h"

#include <algorithm>
#include <memory>
#include <string>

#include "models/bpr/bpr.h"
#include "models/bpr/bpr_options.h"
#include "models/ease/ease.h"
#include "models/ease/ease_options.h"
#include "models/graph_filter/blurring_sharpening.h"
#include "models/graph_filter/graph_filter.h"
#include "models/graph_filter/graph_filter_options.h"
#include "models/ials/ials.h"
#include "models/ials/ials_options.h"
#include "models/kinds/model_options.h"
#include "models/neighbors.h"
#include "models/pinsage/train_pinsage.h"
#include "models/popularity.h"
#include "models/two_tower/train_two_tower.h"

namespace tamis::models {
namespace {

std::vector<std::uint32_t> ids_of(const std::vector<ScoredId>& scored) {
  std::vector<std::uint32_t> ids;
  ids.reserve(scored.size());
  for (const ScoredId& item : scored) ids.push_back(item.id);
  return ids;
}

// What a model that has no use for negatives learns from.
std::shared_ptr<const InteractionMatrix> liked_of(const InteractionMatrix& train) {
  return std::make_shared<const InteractionMatrix>(train.has_negatives() ? train.liked() : train);
}

Result<Recommender> train_popular(const InteractionMatrix& train, const Settings& /*settings*/,
                                  const TrainControl& /*control*/) {
  return rank_for_everyone(ids_of(top_scores(popularity_scores(*liked_of(train)), train.columns)));
}

Result<Recommender> train_item_knn(const InteractionMatrix& train, const Settings& settings,
                                   const TrainControl& control) {
  TAMIS_ASSIGN_OR_RETURN(NeighborTable trained,
                         train_neighbors(train.transpose(), neighbor_options(settings), control));
  // Shared: a std::function is copied about.
  auto table = std::make_shared<const NeighborTable>(std::move(trained));
  const bool is_signed = train.has_negatives();
  return Recommender{
      [&train, table, is_signed](std::span<const RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
        for (std::size_t i = 0; i < queries.size(); ++i) {
          const auto weights = is_signed ? train.row_weights(queries[i].user) : std::span<const float>();
          lists[i] = ids_of(score_item_knn(*table, train.row_columns(queries[i].user), weights, queries[i].depth));
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

Result<Recommender> build_graph_filter(const InteractionMatrix& train, const Settings& settings,
                                       const TrainControl& /*control*/) {
  const GraphFilterOptions options = graph_filter_options(settings);
  TAMIS_RETURN_IF_ERROR(validate(options));
  const auto liked = liked_of(train);
  auto filter = std::make_shared<const GraphFilter>(*liked, options);
  return Recommender{
      [liked, filter](std::span<const RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
        for (std::size_t i = 0; i < queries.size(); ++i) {
          lists[i] = ids_of(filter->recommend(liked->row_columns(queries[i].user), {}, queries[i].depth));
        }
      }};
}

// The best of scores [items].
std::vector<std::uint32_t> best_items(std::span<const float> scores, std::size_t depth) {
  TopK best(depth);
  for (std::uint32_t item = 0; item < scores.size(); ++item) {
    if (best.may_enter(scores[item])) best.push({item, scores[item]});
  }
  return ids_of(best.take());
}

Result<Recommender> train_ease_weights(const InteractionMatrix& train, const Settings& settings,
                                       const TrainControl& control) {
  const EaseOptions options = ease_options(settings);
  TAMIS_ASSIGN_OR_RETURN(EaseModel trained, train_ease(train, options, control));
  auto model = std::make_shared<const EaseModel>(std::move(trained));
  return Recommender{
      [&train, model, options](std::span<const RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
        std::vector<float> scores(model->items);
        std::vector<float> entries;
        for (std::size_t i = 0; i < queries.size(); ++i) {
          entries.clear();
          for (const float weight : train.row_weights(queries[i].user))
            entries.push_back(ease_entry(weight, options.disliked_weight));
          score_ease(*model, train.row_columns(queries[i].user), scores, entries);
          lists[i] = best_items(scores, queries[i].depth);
        }
      }};
}

Result<Recommender> build_blurring_sharpening(const InteractionMatrix& train, const Settings& settings,
                                              const TrainControl& control) {
  const auto liked = liked_of(train);
  TAMIS_ASSIGN_OR_RETURN(BlurringSharpening built,
                         BlurringSharpening::build(*liked, blurring_sharpening_options(settings), control));
  auto filter = std::make_shared<const BlurringSharpening>(std::move(built));
  return Recommender{
      [liked, filter](std::span<const RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
        const std::size_t items = filter->items();
        std::vector<std::span<const std::uint32_t>> histories;
        for (const RankingQuery& query : queries) histories.push_back(liked->row_columns(query.user));
        std::vector<float> scores(queries.size() * items);
        filter->score(histories, scores);
        for (std::size_t i = 0; i < queries.size(); ++i) {
          lists[i] = best_items(std::span(scores).subspan(i * items, items), queries[i].depth);
        }
      }};
}

// Of a model with user_factors, item_factors and options.dim.
template <typename Model>
Recommender rank_by_factors(Model trained) {
  auto model = std::make_shared<const Model>(std::move(trained));
  const Recommender ranked = rank_by_dot_product(model->user_factors, model->item_factors, model->options.dim);
  return [model, ranked](std::span<const RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
    ranked(queries, lists);
  };
}

Result<Recommender> train_ials_factors(const InteractionMatrix& train, const Settings& settings,
                                       const TrainControl& control) {
  TAMIS_ASSIGN_OR_RETURN(IalsModel trained, train_ials(train, ials_options(settings), control));
  return rank_by_factors(std::move(trained));
}

Result<Recommender> train_bpr_factors(const InteractionMatrix& train, const Settings& settings,
                                      const TrainControl& control) {
  TAMIS_ASSIGN_OR_RETURN(BprModel trained, train_bpr(train, bpr_options(settings), control));
  return rank_by_factors(std::move(trained));
}

Result<Recommender> rank_by_vectors(std::vector<float> users, std::vector<float> items, std::size_t dim) {
  struct Vectors {
    std::vector<float> users, items;
  };
  auto vectors = std::make_shared<const Vectors>(Vectors{std::move(users), std::move(items)});
  const Recommender ranked = rank_by_dot_product(vectors->users, vectors->items, dim);
  return Recommender{[vectors, ranked](std::span<const RankingQuery> queries,
                                       std::span<std::vector<std::uint32_t>> lists) { ranked(queries, lists); }};
}

Result<Recommender> train_two_tower_vectors(const InteractionMatrix& train, const Settings& settings,
                                            const TrainControl& control) {
  TwoTowerModel model(two_tower_options(settings), train.rows, train.columns, {}, {});
  const auto liked = liked_of(train);
  const InteractionMatrix disliked = train.disliked();
  TAMIS_RETURN_IF_ERROR(train_two_tower(model, *liked, {.disliked = &disliked}, control));
  TAMIS_ASSIGN_OR_RETURN(TowerVectors vectors, embed_all(model, *liked, {}, control));
  return rank_by_vectors(std::move(vectors.users), std::move(vectors.items), model.options().dim);
}

Result<Recommender> train_pinsage_vectors(const InteractionMatrix& train, const Settings& settings,
                                          const TrainControl& control) {
  PinSageModel model(pinsage_options(settings), train.columns, {});
  const auto liked = liked_of(train);
  TAMIS_ASSIGN_OR_RETURN(const WalkNeighbors graph,
                         walk_neighbors(*liked, liked->transpose(), model.options().walks, control));
  TAMIS_RETURN_IF_ERROR(train_pinsage(model, *liked, graph, control));
  TAMIS_ASSIGN_OR_RETURN(PinSageVectors vectors, embed_all(model, *liked, graph, control));
  return rank_by_vectors(std::move(vectors.users), std::move(vectors.items), model.options().dim);
}

constexpr CollaborativeModel kModels[] = {
    {"popular", train_popular},          {"item_knn", train_item_knn}, {"user_knn", train_user_knn},
    {"ials", train_ials_factors},        {"bpr", train_bpr_factors},   {"graph_filter", build_graph_filter},
    {"bspm", build_blurring_sharpening}, {"ease", train_ease_weights}, {"two_tower", train_two_tower_vectors},
    {"pinsage", train_pinsage_vectors},
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
