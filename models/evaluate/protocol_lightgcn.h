// The evaluation protocol of LightGCN (He et al. 2020, doi:10.1145/3397271.3401063): fixed train and test files, full
// ranking over all items, the user's train items masked, means over the users of the test file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "models/evaluate/evaluation_report.h"
#include "models/interaction_matrix.h"
#include "models/train_control.h"

namespace tamis::models {

// Two files of lines `user item item ...`: unsigned 64-bit numbers between spaces or tabs. Users and items may stand in
// either file, in any order and with gaps; lines of one user add up; a user without items and an empty line say
// nothing. Dense ids follow the numbers' order.
struct LightGcnData {
  InteractionMatrix train;              // [users, items], weights 1
  InteractionMatrix test;               // [users, items]
  std::vector<std::uint64_t> user_ids;  // by dense id
  std::vector<std::uint64_t> item_ids;
};

// Errors: not_found, io_error, corruption (.xz), invalid_argument with "file:line: " for a bad token, or where a file
// has no interactions.
Result<LightGcnData> read_lightgcn(const std::filesystem::path& train, const std::filesystem::path& test);

// Moves `share` of each user's train items (rounded down, so users of few items keep all) into `test`, which it
// replaces: a validation part for tuning that never touches the test file.
LightGcnData cut_validation(LightGcnData data, double share, std::uint64_t seed);

// The settings of a model under this protocol: its own options and `k`, `validation`, `validation_seed`, `resamples`.
Result<std::vector<ModelOption>> lightgcn_options(std::string_view model);

// Trains `model` on the train file and reports its metrics on the test file, or on a validation part cut from train,
// with novelty and bootstrap intervals over users. Users of the test file without train items are ranked too (by the
// model's answer to an empty history).
Result<EvaluationReport> evaluate_lightgcn(const std::filesystem::path& train_path,
                                           const std::filesystem::path& test_path, std::string_view model,
                                           const Settings& settings, const TrainControl& control);

}  // namespace tamis::models
