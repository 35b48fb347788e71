// Metrics of predicted probabilities against what happened: labels are 0 or 1, spans of equal length.
#pragma once

#include <cstddef>
#include <span>

namespace tamis::ranker {

// Area under the ROC curve: how often a positive scores above a negative, ties half (Mann & Whitney 1947). Scores of
// any scale. 0.5 where one class is missing. O(n log n).
double area_under_curve(std::span<const float> labels, std::span<const float> scores);

// Mean of -(y log p + (1 - y) log(1 - p)), p clipped to [1e-7, 1 - 1e-7]. 0 where empty.
double log_loss(std::span<const float> labels, std::span<const float> probabilities);

// Expected calibration error over `bins` bins of equally many examples: the mean of |mean probability - observed rate|
// weighted by size (Naeini et al. 2015, with equal mass). REQUIRES: bins >= 1.
double expected_calibration_error(std::span<const float> labels, std::span<const float> probabilities,
                                  std::size_t bins = 20);

// Sum of probabilities over number of positives: above 1 where the model promises too much. Infinite without
// positives.
double predicted_to_observed(std::span<const float> labels, std::span<const float> probabilities);

}  // namespace tamis::ranker
