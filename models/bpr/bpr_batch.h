// BprBatch: one step of BPR-MF on a batch of interactions. See bpr.h for the method.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "models/bpr/bpr.h"

namespace tamis::models {

// A factor matrix with the sums of squares of its Adagrad, one per row.
struct AdagradRows {
  std::vector<float> factors;       // [rows, dim]
  std::vector<float> square_means;  // [rows]
};

// Keeps scratch between steps. Externally synchronised; parallel inside. REQUIRES: `interactions` outlives it.
class BprBatch {
 public:
  BprBatch(const InteractionMatrix& interactions, const BprOptions& options)
      : interactions_(interactions), options_(options) {}

  struct Pair {
    std::uint32_t user = 0;
    std::uint32_t item = 0;
    float disliked = 0;  // above 0: turned down, and how hard (disliked_strengths())
  };
  // One step on `pairs`, the draws taken from `seed`.
  Status step(std::span<const Pair> pairs, std::uint64_t seed, AdagradRows& users, AdagradRows& items,
              const TrainControl& control);

 private:
  struct Sample {
    std::uint32_t user = 0;
    std::uint32_t positive = 0;
    std::uint32_t negative = 0;
    float slope =
        0;  // sigmoid(score of the negative - score of the positive), weighted; 0 where one of them is missing
  };
  // One touch of a row by a sample: rows ascend, then samples.
  struct Touch {
    std::uint32_t row = 0;
    std::uint32_t sample = 0;
    bool is_negative = false;
  };
  // The touches of one side, grouped by row, and the rows' gradients.
  struct Side {
    std::vector<Touch> touches;
    std::vector<std::size_t> begins;  // of each distinct row's touches, and the end
    std::vector<float> gradient;      // [distinct rows, dim]
    void group();
  };

  float weight_of(std::uint32_t user, std::uint32_t item) const;  // 0 where they have not met
  Sample draw(const Pair& pair, std::uint64_t seed, const AdagradRows& users, const AdagradRows& items) const;
  Sample draw_liked(const Pair& pair, std::uint64_t seed, const AdagradRows& users, const AdagradRows& items) const;
  Sample draw_disliked(const Pair& pair, std::uint64_t seed, const AdagradRows& users, const AdagradRows& items) const;
  Status add_gradients(Side& side, bool is_user_side, const AdagradRows& own, const AdagradRows& other,
                       const TrainControl& control) const;
  Status apply(const Side& side, AdagradRows& rows, const TrainControl& control) const;

  const InteractionMatrix& interactions_;
  BprOptions options_;
  std::vector<Sample> samples_;
  Side user_side_;
  Side item_side_;
};

}  // namespace tamis::models
