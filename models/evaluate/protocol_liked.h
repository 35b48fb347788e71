// Evaluation of what people like: a file of ratings cut by time; how many of the items that a user later rated high
// does a list hold, and how many of those rated low.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "models/evaluate/evaluation_report.h"
#include "models/option_table.h"
#include "models/train_control.h"

namespace tamis::models {

// The settings of `model` (of collaborative_models()) under this protocol: its own options and
//   liked, disliked  a rating of at least `liked` speaks for an item, one of at most `disliked` against it
//   feedback         centred: each rating is a preference beside the user's mean (models/rating_mean.h), as a database
//                    learns; thresholds: liked ratings weigh their value, disliked ones weigh against their item by how
//                    far they lie below, the others are left out; likes: every rating is a like by its value;
//                    positives: liked ratings alone
//   report           test: learns from the first 90%, measures on the last 10%; validation, for tuning: learns from 80%
//                    and measures on the 10% that follow
// A weight of the zeros of ials is relative to the mean weight, as when a database trains.
Result<std::vector<ModelOption>> liked_options(std::string_view model);

// Reports recall@20, ndcg@10 and others of the liked items over the users who like an item of the tail, and over those
// who dislike one `disliked@20`: the share of their lists that they dislike. What a user rated in the head is masked.
// The file is one of protocol_ratings.h. Errors: those of read_ratings() and of the model; failed_precondition where no
// user likes an item of the tail.
Result<EvaluationReport> evaluate_liked(const std::filesystem::path& path, std::string_view model,
                                        const Settings& settings, const TrainControl& control);

}  // namespace tamis::models
