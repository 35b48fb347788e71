#include "ranker/binary_metrics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

namespace tamis::ranker {
namespace {

std::vector<std::uint32_t> order_by(std::span<const float> scores) {
  std::vector<std::uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(),
            [&](std::uint32_t a, std::uint32_t b) { return scores[a] != scores[b] ? scores[a] < scores[b] : a < b; });
  return order;
}

}  // namespace

double area_under_curve(std::span<const float> labels, std::span<const float> scores) {
  const std::vector<std::uint32_t> order = order_by(scores);
  double negatives = 0;  // below the ties at hand
  double positives = 0;
  double wins = 0;
  for (std::size_t first = 0; first < order.size();) {
    double tied_positives = 0;
    std::size_t last = first;
    for (; last < order.size() && scores[order[last]] == scores[order[first]]; ++last)
      tied_positives += double{labels[order[last]]};
    const double tied_negatives = static_cast<double>(last - first) - tied_positives;
    wins += tied_positives * (negatives + tied_negatives / 2);
    negatives += tied_negatives;
    positives += tied_positives;
    first = last;
  }
  return positives == 0 || negatives == 0 ? 0.5 : wins / (positives * negatives);
}

double log_loss(std::span<const float> labels, std::span<const float> probabilities) {
  constexpr double kClip = 1e-7;
  if (labels.empty()) return 0;
  double sum = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const double p = std::clamp(double{probabilities[i]}, kClip, 1 - kClip);
    sum -= labels[i] > 0 ? std::log(p) : std::log1p(-p);
  }
  return sum / static_cast<double>(labels.size());
}

double expected_calibration_error(std::span<const float> labels, std::span<const float> probabilities,
                                  std::size_t bins) {
  if (labels.empty()) return 0;
  const std::vector<std::uint32_t> order = order_by(probabilities);
  double error = 0;
  for (std::size_t bin = 0; bin < bins; ++bin) {
    double difference = 0;
    for (std::size_t i = bin * order.size() / bins; i < (bin + 1) * order.size() / bins; ++i)
      difference += double{probabilities[order[i]]} - double{labels[order[i]]};
    error += std::abs(difference);
  }
  return error / static_cast<double>(labels.size());
}

double predicted_to_observed(std::span<const float> labels, std::span<const float> probabilities) {
  const double predicted = std::accumulate(probabilities.begin(), probabilities.end(), 0.0);
  const double observed = std::accumulate(labels.begin(), labels.end(), 0.0);
  return observed == 0 ? std::numeric_limits<double>::infinity() : predicted / observed;
}

}  // namespace tamis::ranker
