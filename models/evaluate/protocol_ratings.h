// Evaluation of predicted ratings: a file of users' ratings of items, cut into what is learned from and what is
// predicted; root mean square and mean absolute error over the held-out ratings.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "models/evaluate/evaluation_report.h"
#include "models/mf/mf.h"
#include "models/train_control.h"

namespace tamis::models {

// Lines of `user::item::rating::time` (MovieTweetings, MovieLens 1M), or with tabs (MovieLens 100K `u.data`) or commas
// in the place of the colons; ids are texts, the time a whole number that may be left out. Empty lines say nothing, and
// a first line whose rating is no number is taken for a header.
struct RatingsData {
  std::uint32_t users = 0;
  std::uint32_t items = 0;
  std::vector<Rating> ratings;       // in the order of the file
  std::vector<std::int64_t> time_s;  // one per rating; 0 where the file has none
};

// Dense ids follow first appearance. Errors: not_found, io_error, corruption (.xz), invalid_argument with "file:line: "
// for a line that is not as above, or where there are fewer than ten ratings.
Result<RatingsData> read_ratings(const std::filesystem::path& path);

// The ratings in order, cut into three: the first 80%, the next 10%, the last 10%.
struct RatingsSplit {
  std::vector<Rating> train;
  std::vector<Rating> validation;
  std::vector<Rating> test;
};
// By time, ties in the file's order.
RatingsSplit split_ratings_by_time(const RatingsData& data);
RatingsSplit split_ratings_at_random(const RatingsData& data, std::uint64_t seed);

// Adds `report` and `resamples`, which every protocol over a file of ratings has.
void add_ratings_report_options(std::vector<ModelOption>* options);

// The settings of `mf` under this protocol: its own options and `split` (time, random), `split_seed`, `report`
// (validation: learns from the first 80%, for tuning; test: from the first 90%) and `resamples`.
Result<std::vector<ModelOption>> ratings_options(std::string_view model);

// Learns `model` (mf) and reports `rmse` and `mae` with bootstrap intervals; beside them the same of two baselines
// learned from the same ratings: `.._mean`, their mean for everybody, and `.._biases`, the model without factors.
// Predictions are clamped to the range of the ratings learned from.
Result<EvaluationReport> evaluate_ratings(const std::filesystem::path& path, std::string_view model,
                                          const Settings& settings, const TrainControl& control);

}  // namespace tamis::models
