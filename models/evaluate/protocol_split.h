// Evaluation on a fixed split of sequences: files of inputs and of what followed them, as published with gSASRec
// (Petrov & Macdonald 2023, arXiv:2308.07192).
#pragma once

#include <filesystem>
#include <string_view>

#include "common/status.h"
#include "models/evaluate/evaluation_report.h"
#include "models/sequence/sequence_dataset.h"
#include "models/train_control.h"

namespace tamis::models {

// Each file holds one sequence of items a line, oldest first; line n of an output says what followed line n of its
// input (one item or several). Items are unsigned 64-bit numbers between spaces or tabs, with gaps where they like.
struct SplitFiles {
  std::filesystem::path train_input;
  std::filesystem::path validation_input, validation_output;  // both empty: no validation
  std::filesystem::path test_input, test_output;
};

// Finds the files in a directory: [prefix]train_input.txt, val_input, val_output, test_input, test_output; or
// train/input.txt, val/input.txt, val/output.txt, test/input.txt, test/output.txt. Each may end in .xz. Errors:
// not_found that names what is missing, invalid_argument where several sets lie there.
Result<SplitFiles> find_split_files(const std::filesystem::path& directory);

// Errors: not_found, io_error, corruption (.xz), invalid_argument with "file:line: " for a bad token, where an output
// has fewer or more lines than its input or an empty one, or where there is nothing to learn or to predict.
Result<SequenceDataset> read_split(const SplitFiles& files);

// Trains `model` (models/evaluate/sequence_evaluation.h) and reports its metrics on the test.
Result<EvaluationReport> evaluate_split(const SplitFiles& files, std::string_view model, const Settings& settings,
                                        const TrainControl& control);

}  // namespace tamis::models
