#include "models/nn/adam.h"

#include <cmath>

namespace tamis::models::nn {

Adam::Adam(const Parameters& parameters, const AdamOptions& options)
    : options_(options), mean_(parameters.size(), 0.0F), variance_(parameters.size(), 0.0F) {}

void Adam::step(Parameters& parameters, const Gradients& gradients, double rate_scale) {
  ++steps_;
  const auto t = static_cast<double>(steps_);
  const double rate = options_.learning_rate * rate_scale;
  const auto step_size = static_cast<float>(rate / (1 - std::pow(options_.beta1, t)));
  const auto correction = static_cast<float>(1 / std::sqrt(1 - std::pow(options_.beta2, t)));
  const auto beta1 = static_cast<float>(options_.beta1);
  const auto beta2 = static_cast<float>(options_.beta2);
  const auto epsilon = static_cast<float>(options_.epsilon);
  const auto keep = static_cast<float>(1 - rate * options_.weight_decay);

  float* values = parameters.values().data();
  const float* gradient = gradients.values().data();
  for (std::size_t i = 0; i < mean_.size(); ++i) {
    mean_[i] = beta1 * mean_[i] + (1 - beta1) * gradient[i];
    variance_[i] = beta2 * variance_[i] + (1 - beta2) * gradient[i] * gradient[i];
    values[i] = keep * values[i] - step_size * mean_[i] / (std::sqrt(variance_[i]) * correction + epsilon);
  }
}

}  // namespace tamis::models::nn
