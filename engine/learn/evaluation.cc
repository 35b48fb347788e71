#include "engine/learn/evaluation.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <initializer_list>
#include <numeric>
#include <span>

#include "common/clock.h"
#include "engine/interactions/stored_types.h"
#include "engine/learn/learn_ranker.h"
#include "engine/learn/learned_models.h"
#include "models/parallel.h"
#include "models/popularity.h"
#include "models/ranking_evaluation.h"
#include "models/time_split.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kCutoffs[] = {10, 20};

std::vector<std::uint32_t> ids_of(const std::vector<models::ScoredId>& scored) {
  std::vector<std::uint32_t> ids;
  ids.reserve(scored.size());
  for (const models::ScoredId& item : scored) ids.push_back(item.id);
  return ids;
}

// Users and items in the space of an encoder.
struct Embedded {
  std::vector<std::uint32_t> place;  // [all users], rows of `users`; kNoDenseId for those who were not embedded
  std::vector<float> users;          // [embedded users, dim], zeros for those without a vector
  std::vector<float> items;  // [items, dim], of unit length under cosine: users' order is then that of dot products
};

void scale_rows_to_unit(std::size_t dim, std::vector<float>* rows) {
  for (auto row = rows->begin(); row != rows->end(); row += static_cast<std::ptrdiff_t>(dim)) {
    const auto end = row + static_cast<std::ptrdiff_t>(dim);
    const float norm = std::sqrt(std::inner_product(row, end, row, 0.0F));
    if (norm > 0) std::for_each(row, end, [norm](float& value) { value /= norm; });
  }
}

// Embeds the users of the cases from their part of `data`, as a query at its end would.
Result<Embedded> embed(const models::Encoder& encoder, const models::TrainingData& data,
                       std::initializer_list<std::span<const models::EvaluationCase>> cases,
                       const models::TrainControl& control) {
  constexpr std::size_t kUsersPerBlock = 64;
  const std::size_t dim = encoder.shape().dim;
  Embedded embedded{std::vector<std::uint32_t>(data.users, kNoDenseId), {}, {}};
  std::vector<std::uint32_t> users;
  for (const auto& list : cases) {
    for (const models::EvaluationCase& one : list) {
      if (embedded.place[one.user] != kNoDenseId) continue;
      embedded.place[one.user] = static_cast<std::uint32_t>(users.size());
      users.push_back(one.user);
    }
  }
  using Histories = std::vector<std::vector<models::HistoryEvent>>;  // by place
  Histories histories(users.size());
  Histories negatives(users.size());
  Histories ratings(users.size());
  const auto by_user = [&](std::span<const models::TimedInteraction> events, Histories* lists) {
    for (const models::TimedInteraction& event : events) {
      if (const std::uint32_t place = embedded.place[event.user]; place != kNoDenseId)
        (*lists)[place].push_back({event.item, event.weight, event.timestamp_ms, event.rating});
    }
  };
  by_user(data.events, &histories);
  by_user(data.negatives, &negatives);
  by_user(data.ratings, &ratings);
  embedded.users.resize(users.size() * dim);
  const auto embed_block = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      models::UserInput input;
      input.row = users[i];
      input.history = histories[i];
      input.negatives = negatives[i];
      input.ratings = ratings[i];
      if (!data.user_features.empty()) input.features = &data.user_features[users[i]];
      if (!histories[i].empty()) input.now_ms = histories[i].back().timestamp_ms;
      const auto out = std::span(embedded.users).subspan(i * dim, dim);
      if (!encoder.embed_user(input, out).is_ok()) std::fill(out.begin(), out.end(), 0.0F);
    }
  };
  TAMIS_RETURN_IF_ERROR(models::parallel_blocks(control, users.size(), kUsersPerBlock, embed_block));
  embedded.items.assign(encoder.item_vectors().begin(), encoder.item_vectors().end());
  if (encoder.shape().metric == Metric::kCosine) scale_rows_to_unit(dim, &embedded.items);
  return embedded;
}

// How the serving path would rank with the learned model.
models::Recommender make_recommender(const std::string& model, const LearnedModels& learned, const Embedded* embedded,
                                     const models::InteractionMatrix& train) {
  if (model == "item_knn") {
    return [&](std::span<const models::RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
      for (std::size_t i = 0; i < queries.size(); ++i)
        lists[i] = ids_of(models::score_item_knn(*learned.item_neighbors, train.row_columns(queries[i].user),
                                                 train.row_weights(queries[i].user), queries[i].depth));
    };
  }
  if (model == "user_knn") {
    return [&](std::span<const models::RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
      for (std::size_t i = 0; i < queries.size(); ++i) {
        const auto neighbors = learned.user_neighbors->row_neighbors(queries[i].user);
        const auto similarities = learned.user_neighbors->row_similarities(queries[i].user);
        std::vector<models::ScoredId> similar;
        for (std::size_t n = 0; n < neighbors.size(); ++n) similar.push_back({neighbors[n], similarities[n]});
        lists[i] = ids_of(models::score_user_knn(similar, train, queries[i].depth));
      }
    };
  }
  if (!learned.history_models.empty()) {
    return [&](std::span<const models::RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
      for (std::size_t i = 0; i < queries.size(); ++i)
        lists[i] = ids_of(learned.history_models.front()->recommend(
            train.row_columns(queries[i].user), train.row_weights(queries[i].user), queries[i].depth, {}));
    };
  }
  if (!learned.encoders.empty()) {
    return [embedded, by_place = models::rank_by_dot_product(embedded->users, embedded->items,
                                                             learned.encoders.front()->shape().dim)](
               std::span<const models::RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
      std::vector<models::RankingQuery> placed(queries.begin(), queries.end());
      for (models::RankingQuery& query : placed) query.user = embedded->place[query.user];
      by_place(placed, lists);
    };
  }
  return models::rank_for_everyone(ids_of(models::top_scores(models::popularity_scores(train), train.columns)));
}

// The users with a history, and all that they took in the tail.
std::vector<models::EvaluationCase> cases_with_repeats(const models::InteractionMatrix& train,
                                                       const models::InteractionMatrix& tail) {
  std::vector<models::EvaluationCase> cases;
  for (std::uint32_t user = 0; user < train.rows; ++user)
    if (!train.row_columns(user).empty() && !tail.row_columns(user).empty())
      cases.push_back({.user = user, .seen = {}, .relevant = tail.row_columns(user)});
  return cases;
}

// At most `most` of them, evenly over the users; all where it is 0.
std::vector<models::EvaluationCase> sample(std::vector<models::EvaluationCase> cases, std::size_t most) {
  if (most == 0 || cases.size() <= most) return cases;
  std::vector<models::EvaluationCase> sampled;
  for (std::size_t i = 0; i < most; ++i) sampled.push_back(cases[i * cases.size() / most]);
  return sampled;
}

std::vector<std::string> without(std::vector<std::string> models, const std::map<std::string, std::string>* left_out) {
  if (left_out != nullptr) std::erase_if(models, [&](const std::string& model) { return left_out->contains(model); });
  return models;
}

}  // namespace

Result<TimeSplitReport> evaluate_time_split(const Dataset& dataset, const TimeSplitOptions& options,
                                            const RunControl& control) {
  TAMIS_RETURN_IF_ERROR(validate_model_names(options.models, "models"));
  if (!(options.holdout > 0 && options.holdout < 1))
    return Status::invalid_argument("holdout is " + std::to_string(options.holdout) + ", expected above 0 and below 1")
        .at_field("holdout");
  TAMIS_ASSIGN_OR_RETURN(models::TimeSplit split,
                         models::split_by_time(dataset.events, static_cast<std::uint32_t>(dataset.users.size()),
                                               static_cast<std::uint32_t>(dataset.items.size()), 1 - options.holdout));
  const auto tail_begin =
      std::partition_point(dataset.events.begin(), dataset.events.end(),
                           [&](const models::TimedInteraction& event) { return event.timestamp_ms < split.cut_ms; });
  const auto head_size = static_cast<std::size_t>(tail_begin - dataset.events.begin());
  const models::TrainingData head = dataset.training_data(0, head_size);
  if (!head.negatives.empty())
    split.train = head.signed_matrix();  // what was turned down is learned, and not asked for
  const models::InteractionMatrix tail =
      models::gather_interaction_matrix(head.users, head.items, [&](const models::PairVisitor& visit) {
        for (const models::TimedInteraction& event : std::span(tail_begin, dataset.events.end()))
          if (event.is_liked()) visit({.row = event.user, .column = event.item, .weight = event.weight});
      });
  const std::vector<models::EvaluationCase> new_only = sample(split.cases(), options.max_users);
  const std::vector<models::EvaluationCase> with_repeats =
      sample(cases_with_repeats(split.train, tail), options.max_users);

  TimeSplitReport report;
  report.cut_ms = split.cut_ms;
  report.head_interactions = head_size;
  report.tail_interactions = dataset.events.size() - head_size;
  report.users = new_only.size();
  report.users_all = with_repeats.size();
  if (new_only.empty() && with_repeats.empty())
    return Status::failed_precondition((dataset.is_retimed
                                            ? std::string("no user has interactions with two items or more")
                                            : "no user has interactions both before and after " +
                                                  format_rfc3339(split.cut_ms) + ", where the held-out share begins") +
                                       ": evaluation needs returning users");

  double total = 0;
  for (const std::string& model : options.models) total += expected_cost(model);
  double done = 0;
  for (const std::string& model : options.models) {
    const double begin = done / total;
    done += expected_cost(model);
    const double end = done / total;
    const double learned_at = begin + (end - begin) * 0.8;

    ModelEvaluation evaluation{.model = model, .metrics = {}};
    auto start = std::chrono::steady_clock::now();
    if (model == "dlrm") {
      TAMIS_ASSIGN_OR_RETURN(const RankerSettings ranker, ranker_settings(options.settings));
      std::vector<LearnedObjective> learned;
      Result<std::map<std::string, double>> metrics =
          evaluate_ranker(RankWorld(dataset, options.clock), head_size,
                          {without(options.models, options.left_out), &options.settings, ranker, options.clock,
                           options.served, nullptr},
                          control.part("evaluate ", begin, end), &learned);
      TAMIS_RETURN_IF_ERROR(control.check());
      if (!metrics.is_ok() && metrics.status().code() == StatusCode::kFailedPrecondition) continue;  // too little data
      if (!metrics.is_ok() && options.left_out != nullptr) {
        (*options.left_out)[model] = metrics.status().message();
        continue;
      }
      if (!metrics.is_ok()) return metrics.status();
      evaluation.metrics = *std::move(metrics);
      evaluation.train_s = seconds_since(start);
      report.models.push_back(std::move(evaluation));
      if (options.keep != nullptr) options.keep->ranker = std::move(learned);
      continue;
    }
    LearnedModels learned;
    if (const Status made = learn_model(model, head, split.train, options.settings,
                                        control.stage("evaluate " + model, begin, learned_at), &learned);
        !made.is_ok()) {
      TAMIS_RETURN_IF_ERROR(control.check());
      if (options.left_out == nullptr) return made;
      // Too little before the cut may be enough in all.
      if (made.code() != StatusCode::kFailedPrecondition) (*options.left_out)[model] = failure_reason(model, made);
      continue;
    }
    evaluation.train_s = seconds_since(start);

    start = std::chrono::steady_clock::now();
    models::TrainControl ranking = control.stage("evaluate " + model, learned_at, end);
    ranking.report = nullptr;  // short
    Embedded embedded;
    if (!learned.encoders.empty()) {
      TAMIS_ASSIGN_OR_RETURN(embedded, embed(*learned.encoders.front(), head, {new_only, with_repeats}, ranking));
    }
    const models::Recommender recommender = make_recommender(model, learned, &embedded, split.train);
    // `suffix` tells the figures of one question from those of the other.
    const auto measure = [&](const std::vector<models::EvaluationCase>& cases, const std::string& suffix) -> Status {
      if (cases.empty()) return Status::ok();
      TAMIS_ASSIGN_OR_RETURN(const auto metrics,
                             models::evaluate_ranking(cases, dataset.items.size(), recommender, kCutoffs, ranking));
      for (std::size_t i = 0; i < metrics.size(); ++i) {
        const std::string at = suffix + "@" + std::to_string(kCutoffs[i]);
        evaluation.metrics["recall" + at] = metrics[i].recall;
        evaluation.metrics["ndcg" + at] = metrics[i].ndcg;
        if (suffix.empty()) evaluation.metrics["coverage" + at] = metrics[i].coverage;
      }
      return Status::ok();
    };
    TAMIS_RETURN_IF_ERROR(measure(new_only, ""));
    TAMIS_RETURN_IF_ERROR(measure(with_repeats, "_all"));
    evaluation.evaluate_s = seconds_since(start);
    report.models.push_back(std::move(evaluation));
    if (options.keep != nullptr) add_learned(std::move(learned), &options.keep->models);
  }
  if (options.keep != nullptr) options.keep->interactions = split.train;
  return report;
}

Result<TimeSplitReport> evaluate_time_split(const storage::Store& store, const DatabaseOptions& options,
                                            const RunControl& control) {
  TAMIS_ASSIGN_OR_RETURN(const ModelSettings settings, parse_model_settings(options.training));
  control.stage("load", 0, 0.05);
  TAMIS_ASSIGN_OR_RETURN(const auto types, load_interaction_types(store, start_types(options)));
  TAMIS_ASSIGN_OR_RETURN(Dataset dataset,
                         load_dataset(store, types, options.clock->now_ms(), control.cancelled,
                                      need_features(options.training.models), need_baskets(options.training.models)));
  dataset.text_embedders = options.text_embedders.get();
  std::vector<ServedList> served;
  if (has_ranker(options.training.models)) {
    TAMIS_ASSIGN_OR_RETURN(served, load_served_lists(store, dataset, control.cancelled));
  }
  const TimeSplitOptions split{.holdout = options.training.holdout,
                               .models = options.training.models,
                               .settings = settings,
                               .clock = rank_clock(options),
                               .served = &served};
  return evaluate_time_split(dataset, split, control.part("", 0.05, 1));
}

}  // namespace tamis::engine
