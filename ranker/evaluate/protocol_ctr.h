// The evaluation protocol `ctr`: train, valid and test CSV files of labelled examples; AUC, log loss and calibration of
// a click model on the test file. Early stop and calibration read the valid file alone.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "models/evaluate/evaluation_report.h"
#include "models/kinds/model_options.h"
#include "models/train_control.h"

namespace tamis::ranker {

// What `--set key=value` takes: the numbers and choices of the model, by resolve_settings(); and as text
// `label` (the label column, "label"), `numeric` (columns that hold numbers, "a,b", none), `top` and `bottom` (widths
// of hidden layers, "400-400-400"; `bottom` may be empty).
std::vector<models::ModelOption> ctr_options();

struct CtrFiles {
  std::filesystem::path train, valid, test;  // CSV as in csv_examples.h
};

// metrics: auc, log_loss, ece, predicted_to_observed of the test file (probabilities calibrated as `calibration`
// says), log_loss_uncalibrated, ece_uncalibrated, valid_auc, valid_log_loss, epochs. An empty test path evaluates on
// the valid file, for tuning. Errors: those of the files and settings, of training; invalid_argument for a model other
// than dlrm.
Result<models::EvaluationReport> evaluate_ctr(const CtrFiles& files, std::string_view model,
                                              const models::Settings& settings, const models::TrainControl& control);

}  // namespace tamis::ranker
