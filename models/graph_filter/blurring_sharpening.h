// BlurringSharpening: a graph filter in closed form, the blurring-sharpening process of Choi et al. 2023
// (doi:10.1145/3539618.3591645), early merge.
//
// With the interactions normalised by the degrees, R = D_u^-1/2 X D_i^-1/2, and P = R^T R, a history x is blurred
// twice: by propagation, x P, and by the ideal low-pass filter of GF-CF (Shen et al. 2021,
// doi:10.1145/3459637.3482264), x D_i^-1/2 V V^T D_i^1/2 with V the leading right singular vectors of R. Their sum s is
// sharpened by the heat equation run backwards, ds/dt = -s P, in steps of the classical Runge-Kutta method (which for
// this equation is Taylor's polynomial of order 4). Nothing is learned but V; any history is answered, a stranger's
// included.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "models/interaction_matrix.h"
#include "models/train_control.h"

namespace tamis::models {

// The defaults are those that its authors publish for Gowalla.
struct BlurringSharpeningOptions {
  std::uint32_t rank = 448;            // singular vectors of the low-pass filter, 1..4096
  double low_pass_weight = 0.2;        // of the low-pass filter beside the propagation, >= 0
  double sharpening_time = 2.5;        // how long the heat equation runs backwards, 0..10; 0: no sharpening
  std::uint32_t sharpening_steps = 1;  // of Runge and Kutta over that time, 1..100
  std::uint32_t svd_iterations = 6;    // 1..100
  std::uint64_t seed = 42;             // of the singular vectors' start
};

// invalid_argument where an option is out of its range; the message and field name it.
Status validate(const BlurringSharpeningOptions& options);

// Immutable; thread-safe. Memory: the interactions twice, items * rank floats, and per calling thread 80 floats per
// item.
class BlurringSharpening {
 public:
  // `interactions` is [users, items]; its weights are not looked at. Errors: invalid_argument (an option), and those of
  // truncated_svd().
  static Result<BlurringSharpening> build(const InteractionMatrix& interactions,
                                          const BlurringSharpeningOptions& options, const TrainControl& control);

  // The same of singular vectors, [items, rank], that build() found before.
  static Result<BlurringSharpening> restore(InteractionMatrix interactions, const BlurringSharpeningOptions& options,
                                            std::vector<float> vectors);

  // The scores of all items for several histories (distinct, < items): scores is [histories, items], row-major.
  // O((8 + 8 sharpening_steps) * interactions + items * rank) flops per history.
  void score(std::span<const std::span<const std::uint32_t>> histories, std::span<float> scores) const;

  // The scores [items] for one history, as score() gives them: what a request asks. The history's own two hops touch
  // the edges of its items and of the users they lead to; then come items * rank flops twice and 8 sharpening_steps
  // passes over the interactions.
  void score_one(std::span<const std::uint32_t> history, std::span<float> scores) const;

  std::uint32_t items() const { return interactions_.columns; }
  const InteractionMatrix& interactions() const { return interactions_; }
  const BlurringSharpeningOptions& options() const { return options_; }
  std::span<const float> vectors() const { return vectors_; }  // [items, rank], row-major

 private:
  static constexpr std::size_t kLanes = 16;  // histories that pass through the graph together

  // [items, lanes]: several signals on the items, interleaved so that one pass over the graph serves all.
  using Signals = std::vector<float>;

  BlurringSharpening() = default;
  void set_degrees();
  template <std::size_t Lanes>
  void propagate(const Signals& in, Signals& out) const;
  void propagate_history(std::span<const std::uint32_t> history, Signals& out) const;
  template <std::size_t Lanes>
  void add_low_pass(std::span<const std::span<const std::uint32_t>> histories, Signals& signals) const;
  template <std::size_t Lanes>
  void sharpen(Signals& signals) const;

  BlurringSharpeningOptions options_;
  InteractionMatrix interactions_;
  InteractionMatrix by_item_;       // its transpose
  std::vector<float> user_weight_;  // [users], 1 / degree
  std::vector<float> item_weight_;  // [items], degree^-1/2
  std::uint32_t rank_ = 0;
  std::vector<float> vectors_;  // V, [items, rank]
};

}  // namespace tamis::models
