// Calibrator: turns a ranker's logits into probabilities that hold in the long run, learned on data that the ranker was
// not trained on.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace tamis::ranker {

enum class Calibration {
  kNone,      // sigmoid(logit)
  kPlatt,     // sigmoid(slope * logit + offset) (Platt 1999)
  kIsotonic,  // a monotone step function, linear between its steps (Zadrozny & Elkan 2002)
};
std::string_view calibration_name(Calibration calibration);  // "none", "platt", "isotonic"
Result<Calibration> parse_calibration(std::string_view name);

// Plain data; thread-safe. All but isotonic keep the order of scores; isotonic may make ties.
struct Calibrator {
  Calibration kind = Calibration::kNone;
  float slope = 1;  // of kPlatt, > 0
  float offset = 0;
  std::vector<float> logits;         // of kIsotonic, ascending
  std::vector<float> probabilities;  // at those, never falling

  float probability(float logit) const;
};

// Errors: invalid_argument where one class is missing or lengths differ.
Result<Calibrator> fit_calibrator(Calibration kind, std::span<const float> labels, std::span<const float> logits);

}  // namespace tamis::ranker
