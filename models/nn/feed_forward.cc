#include "models/nn/feed_forward.h"

namespace tamis::models::nn {

FeedForward::FeedForward(Parameters& parameters, const std::string& name, std::size_t dim, std::size_t inner,
                         Activation activation, float dropout, Random& random, float stddev)
    : first_(parameters, name + ".first", dim, inner, random, stddev),
      second_(parameters, name + ".second", inner, dim, random, stddev),
      activation_(activation),
      dropout_(dropout) {}

void FeedForward::forward(const Parameters& parameters, std::size_t rows, const float* x, float* y, Cache& cache,
                          Random* random) const {
  const std::size_t size = rows * first_.out();
  cache.hidden.resize(size);
  cache.activated.resize(size);
  first_.forward(parameters, rows, x, cache.hidden.data());
  activate(activation_, size, cache.hidden.data(), cache.activated.data());
  if (random != nullptr) dropout_.forward(size, cache.activated.data(), cache.hidden_mask, *random);
  second_.forward(parameters, rows, cache.activated.data(), y);
  if (random != nullptr) dropout_.forward(rows * second_.out(), y, cache.output_mask, *random);
}

void FeedForward::backward(const Parameters& parameters, std::size_t rows, const float* x, float* dy, float* dx,
                           Cache& cache, Gradients& gradients, bool training) const {
  const std::size_t size = rows * first_.out();
  if (training) dropout_.backward(rows * second_.out(), dy, cache.output_mask);
  std::vector<float>& dhidden = cache.dhidden;
  dhidden.resize(size);
  second_.backward(parameters, rows, cache.activated.data(), dy, dhidden.data(), gradients);
  if (training) dropout_.backward(size, dhidden.data(), cache.hidden_mask);
  activate_backward(activation_, size, cache.hidden.data(), dhidden.data(), dhidden.data());
  first_.backward(parameters, rows, x, dhidden.data(), dx, gradients);
}

}  // namespace tamis::models::nn
