// iALS: implicit alternating least squares (Hu, Koren & Volinsky 2008, doi:10.1109/ICDM.2008.22), with the
// frequency-scaled regularisation of Rendle et al. 2022 (doi:10.1145/3523227.3548486).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "models/interaction_matrix.h"
#include "models/train_control.h"

namespace tamis::models {

struct IalsOptions {
  std::uint32_t dim = 64;                // 1..2048
  std::uint32_t iterations = 16;         // sweeps over users and items, 1..1000
  double unobserved_weight = 0.1;        // alpha_0 of Rendle et al.: weight of the zeros, > 0
  double regularization = 0.003;         // lambda, > 0
  double regularization_exponent = 1.0;  // nu: lambda_u = lambda * (|I_u| + alpha_0 * items)^nu, 0..1
  double init_stddev = 0.1;              // of the product's scale: entries are N(0, init_stddev / sqrt(dim))
  std::uint64_t seed = 42;
};

struct IalsModel {
  IalsOptions options;
  std::uint32_t users = 0;
  std::uint32_t items = 0;
  std::vector<float> user_factors;  // [users, dim], row-major
  std::vector<float> item_factors;  // [items, dim], row-major
};

Result<IalsModel> train_ials(const InteractionMatrix& interactions, const IalsOptions& options,
                             const TrainControl& control);

// Folds users in by the closed-form solve against fixed item factors, the Gramian computed once.
// Thread-safe after construction. REQUIRES: item_factors outlives the solver.
class IalsFoldIn {
 public:
  IalsFoldIn(std::span<const float> item_factors, const IalsOptions& options);  // [items, dim]
  // The factor of a user who interacted with `items` by `weights`; zeros where `items` is empty. `out` is [dim].
  void solve(std::span<const std::uint32_t> items, std::span<const float> weights, std::span<float> out) const;

 private:
  std::span<const float> item_factors_;
  IalsOptions options_;
  std::vector<float> gramian_;  // [dim, dim], alpha_0 * Q^T Q
};

}  // namespace tamis::models
