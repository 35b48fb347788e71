// Explicit matrix factorisation: predicts a rating as mean + b_u + b_i + p_u.q_i, learned by stochastic gradient
// descent (Koren, Bell & Volinsky 2009, doi:10.1109/MC.2009.263; Funk 2006).
//
// It minimises the sum over ratings of (r - prediction)^2 + regularization (|p_u|^2 + |q_i|^2) + bias_regularization
// (b_u^2 + b_i^2). Each epoch visits every rating once. Users and items are dealt into kStrata groups each; the ratings
// of group b with group (b + s) mod kStrata, for all b, share no row, so they are learned from side by side (Gemulla et
// al. 2011, doi:10.1145/2020408.2020426): true sequential descent, with the same bits for any number of threads.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "models/train_control.h"

namespace tamis::models {

struct Rating {
  std::uint32_t user = 0;
  std::uint32_t item = 0;
  float value = 0;  // finite, in whatever unit
};

struct MfOptions {
  std::uint32_t dim = 64;             // 0..2048; 0: biases alone
  std::uint32_t epochs = 100;         // visits of every rating, 1..10000
  double learning_rate = 0.01;        // of the first epoch, > 0
  double rate_decay = 0.98;           // times the rate after each epoch, 0.1..1
  double regularization = 0.08;       // lambda of the factors, per rating, >= 0
  double bias_regularization = 0.05;  // lambda of the biases, per rating, >= 0
  double init_stddev = 0.1;           // entries start at N(0, init_stddev / sqrt(dim)), > 0
  std::uint64_t seed = 42;            // of start and order
};

struct MfModel {
  MfOptions options;
  std::uint32_t users = 0;
  std::uint32_t items = 0;
  float mean = 0;                   // of the ratings
  std::array<float, 2> range = {};  // the lowest and the highest rating
  std::vector<float> user_bias;     // [users]; 0 for a user without ratings, likewise below
  std::vector<float> item_bias;     // [items]
  std::vector<float> user_factors;  // [users, dim], row-major
  std::vector<float> item_factors;  // [items, dim]

  // A row that was never rated adds nothing: a stranger's prediction is mean + b_i.
  float predict(std::uint32_t user, std::uint32_t item) const;
};

// invalid_argument where an option is out of its range; the message and field name it.
Status validate(const MfOptions& options);

// REQUIRES: ratings' users and items are below `users` and `items`. Errors: invalid_argument (an option, a rating that
// is not finite), failed_precondition (no ratings; the descent diverged), unavailable (cancelled), resource_exhausted
// (memory). O(epochs * ratings * dim) flops.
Result<MfModel> train_mf(std::uint32_t users, std::uint32_t items, std::span<const Rating> ratings,
                         const MfOptions& options, const TrainControl& control);

}  // namespace tamis::models
