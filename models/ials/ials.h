// iALS: implicit alternating least squares (Hu, Koren & Volinsky 2008, doi:10.1109/ICDM.2008.22), with the
// frequency-scaled regularisation of Rendle et al. 2022 (doi:10.1145/3523227.3548486).
//
// It minimises, over user factors p_u and item factors q_i,
//   sum over interactions of w_ui (1 - p_u.q_i)^2  +  alpha_0 * sum over all users and items of (p_u.q_i)^2
//   +  disliked_weight * sum over what users turned down of |w_ui| (disliked_target - p_u.q_i)^2
//   +  sum over users of lambda_u |p_u|^2  +  sum over items of lambda_i |q_i|^2,
// by exact or approximate least squares for all users, then for all items. The result is the same, to the bit, for any
// number of threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "common/status.h"
#include "models/interaction_matrix.h"
#include "models/train_control.h"

namespace tamis::models {

// How a half-step solves each row; docs/models.md compares their cost.
enum class IalsSolver {
  kDual,               // exact, in the eigenbasis of the Gramian: an n x n system for a row of n < dim interactions
  kConjugateGradient,  // a few preconditioned steps from the row's last factor (Takacs et al. 2011)
  kCholesky,           // exact, a dim x dim system per row: the textbook's way, kept as the reference
  kBlock,              // a pass over blocks of dimensions from the row's last factor (iALS++: Rendle et al. 2021)
};

struct IalsOptions {
  std::uint32_t dim = 64;                // 1..2048
  std::uint32_t iterations = 16;         // sweeps over users and items, 1..1000
  double unobserved_weight = 0.1;        // alpha_0 of Rendle et al.: weight of the zeros; 0: unobserved_weight_for()
  double regularization = 0.003;         // lambda, > 0
  double regularization_exponent = 1.0;  // nu: lambda_u = lambda * (|I_u| + alpha_0 * items)^nu, 0..1
  double disliked_weight = 1;            // of what users turned down, beside what they like; >= 0
  double disliked_target = -0.5;         // what such a pair's product is drawn to, -1..0
  double init_stddev = 0.1;              // of the product's scale: entries are N(0, init_stddev / sqrt(dim))
  std::uint64_t seed = 42;
  IalsSolver solver = IalsSolver::kDual;
  std::uint32_t cg_steps = 3;  // steps per row and half-step of kConjugateGradient, 1..100
  std::uint32_t block = 64;    // dimensions that kBlock solves together, 1..2048; dim and more: all
};

struct IalsModel {
  IalsOptions options;
  std::uint32_t users = 0;
  std::uint32_t items = 0;
  std::vector<float> user_factors;  // [users, dim], row-major
  std::vector<float> item_factors;  // [items, dim], row-major
};

// The weight of the zeros that suits catalogues of this size, where interactions weigh 1: 300 / items, at most 0.3, so
// that all zeros of a user weigh as much as 300 interactions.
double unobserved_weight_for(std::uint32_t items);

// invalid_argument where an option is out of its range; the message and field name it.
Status validate(const IalsOptions& options);

// Rows are users; weights below 0 are those of pairs that were turned down. A user or item without interactions gets a
// factor of zeros. Errors: invalid_argument (an option, a weight that is not finite or 0), unavailable (cancelled),
// resource_exhausted (memory).
Result<IalsModel> train_ials(const InteractionMatrix& interactions, const IalsOptions& options,
                             const TrainControl& control);

// The value of the objective above. O((interactions + (users + items) dim) dim) flops, on the calling thread.
double ials_loss(const InteractionMatrix& interactions, const IalsModel& model);

// Folds users in by the closed-form solve against fixed item factors, the Gramian computed once.
// Thread-safe after construction. REQUIRES: item_factors outlives the solver.
class IalsFoldIn {
 public:
  IalsFoldIn(std::span<const float> item_factors, const IalsOptions& options);  // [items, dim]
  // The factor of a user who interacted with `items` by `weights`; zeros where `items` is empty. `out` is [dim].
  // REQUIRES: items are distinct rows of item_factors, weights are finite and not 0; below 0: turned down.
  void solve(std::span<const std::uint32_t> items, std::span<const float> weights, std::span<float> out) const;
  // How much each interaction adds to the score that solve()'s factor has for `target`: w_h t_h q_t^T A^-1 q_h with A
  // the matrix of the solve, one per item; they sum to the score (Hu, Koren & Volinsky 2008, section 5). False where
  // the equations are singular.
  bool explain(std::span<const std::uint32_t> items, std::span<const float> weights, std::uint32_t target,
               std::span<double> shares) const;

 private:
  std::span<const float> item_factors_;
  IalsOptions options_;
  std::vector<float> gramian_;  // [dim, dim], alpha_0 * Q^T Q
};

}  // namespace tamis::models
