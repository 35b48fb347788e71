#include "ranker/calibration.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>

namespace tamis::ranker {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// Newton's method on the convex log loss in (slope, offset), with Platt's smoothed targets against certainty.
Calibrator fit_platt(std::span<const float> labels, std::span<const float> logits, double positives) {
  constexpr int kMaxSteps = 100;
  const double negatives = static_cast<double>(labels.size()) - positives;
  const double high = (positives + 1) / (positives + 2);
  const double low = 1 / (negatives + 2);
  double slope = 1;
  double offset = 0;
  for (int step = 0; step < kMaxSteps; ++step) {
    double g_slope = 0, g_offset = 0, h_slope = 1e-9, h_both = 0, h_offset = 1e-9;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const double x = double{logits[i]};
      const double p = sigmoid(slope * x + offset);
      const double error = p - (labels[i] > 0 ? high : low);
      const double weight = p * (1 - p);
      g_slope += error * x;
      g_offset += error;
      h_slope += weight * x * x;
      h_both += weight * x;
      h_offset += weight;
    }
    const double determinant = h_slope * h_offset - h_both * h_both;
    if (!(determinant > 0)) break;
    const double d_slope = (h_offset * g_slope - h_both * g_offset) / determinant;
    const double d_offset = (h_slope * g_offset - h_both * g_slope) / determinant;
    slope = std::max(slope - std::clamp(d_slope, -1.0, 1.0), 1e-3);
    offset -= std::clamp(d_offset, -2.0, 2.0);
    if (std::abs(d_slope) + std::abs(d_offset) < 1e-9) break;
  }
  return {.kind = Calibration::kPlatt,
          .slope = static_cast<float>(slope),
          .offset = static_cast<float>(offset),
          .logits = {},
          .probabilities = {}};
}

// Pool adjacent violators (Ayer et al. 1955). Each pool adds half a positive and half a negative, so that no
// probability is 0 or 1.
Calibrator fit_isotonic(std::span<const float> labels, std::span<const float> logits) {
  std::vector<std::uint32_t> order(labels.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return logits[a] < logits[b]; });
  struct Pool {
    double positives, count, logits;
    double rate() const { return positives / count; }
  };
  std::vector<Pool> pools;
  for (const std::uint32_t i : order) {
    pools.push_back({double{labels[i]}, 1, double{logits[i]}});
    while (pools.size() > 1 && pools[pools.size() - 2].rate() >= pools.back().rate()) {
      const Pool top = pools.back();
      pools.pop_back();
      pools.back().positives += top.positives;
      pools.back().count += top.count;
      pools.back().logits += top.logits;
    }
  }
  Calibrator calibrator{.kind = Calibration::kIsotonic, .slope = 1, .offset = 0, .logits = {}, .probabilities = {}};
  for (const Pool& pool : pools) {
    const auto logit = static_cast<float>(pool.logits / pool.count);
    auto probability = static_cast<float>((pool.positives + 0.5) / (pool.count + 1));
    if (!calibrator.probabilities.empty()) probability = std::max(probability, calibrator.probabilities.back());
    calibrator.logits.push_back(logit);
    calibrator.probabilities.push_back(probability);
  }
  return calibrator;
}

}  // namespace

std::string_view calibration_name(Calibration calibration) {
  switch (calibration) {
    case Calibration::kNone: return "none";
    case Calibration::kPlatt: return "platt";
    case Calibration::kIsotonic: return "isotonic";
  }
  return "";
}

Result<Calibration> parse_calibration(std::string_view name) {
  for (const Calibration known : {Calibration::kNone, Calibration::kPlatt, Calibration::kIsotonic}) {
    if (calibration_name(known) == name) return known;
  }
  return Status::invalid_argument("\"" + std::string(name) + "\" is no calibration (known: none, platt, isotonic)");
}

float Calibrator::probability(float logit) const {
  if (kind != Calibration::kIsotonic) {
    return static_cast<float>(sigmoid(kind == Calibration::kPlatt ? double{slope} * logit + offset : double{logit}));
  }
  if (logits.empty()) return 0.5F;
  const auto above = std::upper_bound(logits.begin(), logits.end(), logit);
  if (above == logits.begin()) return probabilities.front();
  if (above == logits.end()) return probabilities.back();
  const auto i = static_cast<std::size_t>(above - logits.begin());
  const float share = (logit - logits[i - 1]) / (logits[i] - logits[i - 1]);
  return probabilities[i - 1] + share * (probabilities[i] - probabilities[i - 1]);
}

Result<Calibrator> fit_calibrator(Calibration kind, std::span<const float> labels, std::span<const float> logits) {
  if (kind == Calibration::kNone) return Calibrator{};
  if (labels.size() != logits.size())
    return Status::invalid_argument("calibration got " + std::to_string(labels.size()) + " labels for " +
                                    std::to_string(logits.size()) + " scores");
  const double positives = std::accumulate(labels.begin(), labels.end(), 0.0);
  if (positives == 0 || positives == static_cast<double>(labels.size()))
    return Status::invalid_argument("calibration needs examples of both labels");
  return kind == Calibration::kPlatt ? fit_platt(labels, logits, positives) : fit_isotonic(labels, logits);
}

}  // namespace tamis::ranker
