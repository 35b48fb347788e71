#include "models/evaluate/protocol_liked.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

#include "common/clock.h"
#include "models/evaluate/collaborative_models.h"
#include "models/evaluate/protocol_ratings.h"
#include "models/ials/ials.h"
#include "models/kinds/model_options.h"
#include "models/rating_mean.h"
#include "models/value_scale.h"

namespace tamis::models {
namespace {

constexpr std::size_t kDepth = 20;

// The ratings as preferences [users, items]. Of a pair the newest rating counts.
class Feedback {
 public:
  Feedback(const RatingsData& data, std::vector<Rating> ratings, const Settings& settings)
      : data_(data), ratings_(std::move(ratings)), settings_(settings) {
    keep_newest();
  }

  InteractionMatrix matrix() const {
    const std::string_view kind = choice_setting(settings_, "feedback");
    if (kind == "centred") return centred();
    const double liked = number_setting(settings_, "liked");
    const double disliked = number_setting(settings_, "disliked");
    std::vector<WeightedPair> pairs;
    for (const Rating& rating : ratings_) {
      const double value = double{rating.value};
      double weight = 0;
      if (kind == "likes" || value >= liked) weight = std::max(value, 0.0);
      if (kind == "thresholds" && value <= disliked) weight = value - disliked - 1;
      if (weight != 0) pairs.push_back({rating.user, rating.item, static_cast<float>(weight)});
    }
    return make_interaction_matrix(data_.users, data_.items, pairs);
  }
  // Everything that was rated, whatever was said of it.
  InteractionMatrix met() const {
    std::vector<WeightedPair> pairs;
    for (const Rating& rating : ratings_) pairs.push_back({rating.user, rating.item, 1});
    return make_interaction_matrix(data_.users, data_.items, pairs);
  }

 private:
  void keep_newest() {
    std::reverse(ratings_.begin(), ratings_.end());
    std::stable_sort(ratings_.begin(), ratings_.end(), [](const Rating& a, const Rating& b) {
      return a.user != b.user ? a.user < b.user : a.item < b.item;
    });
    const auto same_pair = [](const Rating& a, const Rating& b) { return a.user == b.user && a.item == b.item; };
    ratings_.erase(std::unique(ratings_.begin(), ratings_.end(), same_pair), ratings_.end());
  }
  InteractionMatrix centred() const {
    std::vector<double> values;
    for (const Rating& rating : ratings_) values.push_back(double{rating.value});
    const ValueScale scale = measure_values(values);
    std::vector<RatingMean> means(data_.users);
    for (const Rating& rating : ratings_) means[rating.user].add(scale.standardize(double{rating.value}));
    std::vector<WeightedPair> pairs;
    for (const Rating& rating : ratings_) {
      const double preference = means[rating.user].preference(scale.standardize(double{rating.value}));
      if (preference != 0) pairs.push_back({rating.user, rating.item, static_cast<float>(preference)});
    }
    return make_interaction_matrix(data_.users, data_.items, pairs);
  }

  const RatingsData& data_;
  std::vector<Rating> ratings_;
  const Settings& settings_;
};

// The items of the tail that `is_meant` picks by their rating, but for those met before.
template <typename IsMeant>
InteractionMatrix later(const RatingsData& data, const std::vector<Rating>& tail, const InteractionMatrix& met,
                        const IsMeant& is_meant) {
  std::vector<WeightedPair> pairs;
  for (const Rating& rating : tail) {
    const auto known = met.row_columns(rating.user);
    if (!is_meant(double{rating.value}) || std::binary_search(known.begin(), known.end(), rating.item)) continue;
    pairs.push_back({rating.user, rating.item, 1});
  }
  return make_interaction_matrix(data.users, data.items, pairs);
}

std::vector<EvaluationCase> cases_of(const InteractionMatrix& met, const InteractionMatrix& wanted) {
  std::vector<EvaluationCase> cases;
  for (std::uint32_t user = 0; user < met.rows; ++user) {
    if (met.row_columns(user).empty() || wanted.row_columns(user).empty()) continue;
    cases.push_back({.user = user, .seen = met.row_columns(user), .relevant = wanted.row_columns(user)});
  }
  return cases;
}

// The mean share of the lists that is relevant.
double share_of_lists(const RankingMetrics& metrics, std::span<const EvaluationCase> cases) {
  double share = 0;
  for (std::size_t i = 0; i < cases.size(); ++i)
    share += metrics.by_case[i].recall * static_cast<double>(cases[i].relevant.size()) / kDepth;
  return cases.empty() ? 0 : share / static_cast<double>(cases.size());
}

// To scale all weights by s is to scale the weight of the zeros by s.
void make_relative(const InteractionMatrix& matrix, Settings* settings) {
  double total = 0;
  double count = 0;
  for (const float weight : matrix.weight) {
    if (!(weight > 0)) continue;
    total += double{weight};
    ++count;
  }
  double relative = number_setting(*settings, "unobserved_weight");
  if (relative == 0) relative = unobserved_weight_for(matrix.columns);
  if (count > 0) (*settings)["unobserved_weight"] = number_text(relative * total / count);
}

}  // namespace

Result<std::vector<ModelOption>> liked_options(std::string_view model) {
  TAMIS_RETURN_IF_ERROR(find_collaborative_model(model).status());
  TAMIS_ASSIGN_OR_RETURN(std::vector<ModelOption> options, model_options(model));
  options.push_back(number_option("liked", 4, -1e9, 1e9, "a rating of at least this speaks for the item"));
  options.push_back(number_option("disliked", 2, -1e9, 1e9, "a rating of at most this speaks against the item"));
  options.push_back(choice_option("feedback", {"centred", "thresholds", "likes", "positives"},
                                  "what the ratings of the head are to the model"));
  add_ratings_report_options(&options);
  return options;
}

Result<EvaluationReport> evaluate_liked(const std::filesystem::path& path, std::string_view model,
                                        const Settings& settings, const TrainControl& control) {
  EvaluationReport report;
  report.protocol = "liked";
  report.model = model;
  TAMIS_ASSIGN_OR_RETURN(const std::vector<ModelOption> options, liked_options(model));
  TAMIS_ASSIGN_OR_RETURN(report.settings, resolve_settings(options, settings));
  TAMIS_ASSIGN_OR_RETURN(const CollaborativeModel chosen, find_collaborative_model(model));
  TAMIS_ASSIGN_OR_RETURN(const RatingsData data, read_ratings(path));
  RatingsSplit split = split_ratings_by_time(data);
  const bool is_test = choice_setting(report.settings, "report") == "test";
  if (is_test) split.train.insert(split.train.end(), split.validation.begin(), split.validation.end());
  const std::vector<Rating>& tail = is_test ? split.test : split.validation;

  const Feedback feedback(data, std::move(split.train), report.settings);
  const InteractionMatrix matrix = feedback.matrix();
  const InteractionMatrix met = feedback.met();
  const double liked = number_setting(report.settings, "liked");
  const double disliked = number_setting(report.settings, "disliked");
  const InteractionMatrix wanted = later(data, tail, met, [&](double value) { return value >= liked; });
  const InteractionMatrix unwanted = later(data, tail, met, [&](double value) { return value <= disliked; });
  const std::vector<EvaluationCase> liking = cases_of(met, wanted);
  const std::vector<EvaluationCase> disliking = cases_of(met, unwanted);
  if (liking.empty()) return Status::failed_precondition("no user of the head rates an item of the tail high enough");

  Settings in_force = report.settings;
  if (model == "ials") make_relative(matrix, &in_force);
  auto start = std::chrono::steady_clock::now();
  TAMIS_ASSIGN_OR_RETURN(const Recommender recommender, chosen.train(matrix, in_force, control));
  report.train_s = seconds_since(start);

  start = std::chrono::steady_clock::now();
  const BootstrapOptions bootstrap{.resamples =
                                       static_cast<std::uint32_t>(integer_setting(report.settings, "resamples"))};
  for (const std::size_t k : {std::size_t{10}, kDepth}) {
    TAMIS_ASSIGN_OR_RETURN(const RankingMetrics metrics, evaluate_ranking(liking, data.items, recommender, k, control));
    report.metrics.merge(metrics.named(k));
    report.intervals.merge(metrics.intervals(k, bootstrap));
  }
  TAMIS_ASSIGN_OR_RETURN(const RankingMetrics low,
                         evaluate_ranking(disliking, data.items, recommender, kDepth, control));
  TAMIS_ASSIGN_OR_RETURN(const RankingMetrics high, evaluate_ranking(liking, data.items, recommender, kDepth, control));
  report.metrics["disliked@20"] = share_of_lists(low, disliking);
  report.metrics["liked@20"] = share_of_lists(high, liking);
  report.evaluate_s = seconds_since(start);
  report.data = {{"users", data.users},
                 {"items", data.items},
                 {"pairs", static_cast<double>(matrix.nonzeros())},
                 {"disliked_pairs", static_cast<double>(matrix.disliked().nonzeros())},
                 {"users_who_like", static_cast<double>(liking.size())},
                 {"users_who_dislike", static_cast<double>(disliking.size())}};
  report.peak_rss_bytes = peak_rss_bytes();
  return report;
}

}  // namespace tamis::models
