// Adam (Kingma & Ba 2015, arXiv:1412.6980), with decoupled weight decay where asked (Loshchilov & Hutter 2019).
#pragma once

#include <cstdint>
#include <vector>

#include "models/nn/parameters.h"

namespace tamis::models::nn {

struct AdamOptions {
  double learning_rate = 1e-3;  // > 0
  double beta1 = 0.9;           // 0..1
  double beta2 = 0.999;         // 0..1
  double epsilon = 1e-8;
  double weight_decay = 0;  // >= 0, decoupled
};

// Externally synchronised.
class Adam {
 public:
  Adam(const Parameters& parameters, const AdamOptions& options);
  // One step; `rate_scale` multiplies the learning rate (schedules).
  void step(Parameters& parameters, const Gradients& gradients, double rate_scale = 1);

 private:
  AdamOptions options_;
  std::uint64_t steps_ = 0;
  std::vector<float> mean_, variance_;
};

}  // namespace tamis::models::nn
