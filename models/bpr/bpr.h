// BPR-MF: matrix factors learned from pairs, so that what a user met scores above what the user did not
// (Rendle et al. 2009, arXiv:1205.2618), by mini-batches with row-wise Adagrad (Duchi et al. 2011).
//
// Each epoch visits every interaction (u, i) once, in a random order, and draws items j that u did not meet. With
// several draws the one that scores highest is taken (dynamic negative sampling, Zhang et al. 2013,
// doi:10.1145/2484028.2484126): easy negatives teach nothing. What a user turned down is visited, too: it is to score
// below a random item that the user did not turn down, in a step as long as disliked_strengths() says. The step climbs
// log sigmoid(p_u.q_i - p_u.q_j) - regularization (|p_u|^2 + |q_i|^2 + |q_j|^2) / 2. A batch's gradients are taken at
// its start and summed by row in the order of its samples, so that the result is the same, to the bit, for any number
// of threads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "models/interaction_matrix.h"
#include "models/train_control.h"

namespace tamis::models {

struct BprOptions {
  std::uint32_t dim = 64;         // 1..2048
  std::uint32_t epochs = 60;      // 1..10000
  std::uint32_t batch = 4096;     // interactions per step, 1..2^20; larger parallelise better and learn slower
  std::uint32_t negatives = 4;    // draws per interaction, of which the best-scored trains; 1: plain BPR; 1..256
  double disliked_weight = 0.5;   // of the step for what a user turned down, >= 0
  double learning_rate = 0.1;     // of Adagrad, > 0
  double regularization = 0.001;  // lambda, per visit of a row, >= 0
  double init_stddev = 0.1;       // entries start at N(0, init_stddev / sqrt(dim)), > 0
  double max_train_s = 0;         // of its thread: training stops then; 0: never
  std::uint64_t seed = 42;
};

// Of each weight of one user's row: 0 where it is above 0, else how hard the item was turned down, the square of its
// size beside the mean weight of what the user likes, at most 1. A user who gave a poor rating met the item all the
// same, which says something for it; a dislike says nothing for it.
std::vector<float> disliked_strengths(std::span<const float> weights);

struct BprModel {
  BprOptions options;
  std::uint32_t users = 0;
  std::uint32_t items = 0;
  std::vector<float> user_factors;  // [users, dim], row-major; zeros for a user without interactions
  std::vector<float> item_factors;  // [items, dim]
};

// invalid_argument where an option is out of its range; the message and field name it.
Status validate(const BprOptions& options);

// Rows are users; of weights only the sign counts, those below 0 were turned down. Users who met every item teach
// nothing. Errors: invalid_argument (an option), unavailable (cancelled), resource_exhausted (memory). O(epochs *
// interactions * (negatives + 4) * dim) flops.
Result<BprModel> train_bpr(const InteractionMatrix& interactions, const BprOptions& options,
                           const TrainControl& control);

}  // namespace tamis::models
