// Leave-one-out evaluation of sequences, as in SASRec (Kang & McAuley 2018, arXiv:1808.09781) but with full ranking:
// each user's last action is the test, the one before the validation, the rest is learned from.
#pragma once

#include <filesystem>
#include <string_view>

#include "common/status.h"
#include "models/evaluate/evaluation_report.h"
#include "models/sequence/sequence_dataset.h"
#include "models/train_control.h"

namespace tamis::models {

// A file of lines `user item`, each user's in the order of time: unsigned 64-bit numbers between spaces or tabs, with
// gaps where they like; users may alternate; empty lines say nothing. Users are taken in the order of their numbers.
// A user of fewer than three actions is learned from whole and not evaluated. The test's history includes the
// validation item. Errors: not_found, io_error, corruption (.xz), invalid_argument with "file:line: " for a line that
// is not two numbers, or where the file holds nothing to predict.
Result<SequenceDataset> read_leave_one_out(const std::filesystem::path& path);

// Trains `model` (models/evaluate/sequence_evaluation.h) and reports its metrics on the test.
Result<EvaluationReport> evaluate_leave_one_out(const std::filesystem::path& path, std::string_view model,
                                                const Settings& settings, const TrainControl& control);

}  // namespace tamis::models
