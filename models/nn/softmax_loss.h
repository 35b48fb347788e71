// Cross-entropy of a softmax over scores x . e_c for the classes c of an embedding matrix, computed in blocks so that
// the scores never exist whole.
#pragma once

#include <cstdint>
#include <span>

namespace tamis::models::nn {

struct SoftmaxLossOptions {
  std::size_t dim = 0;
  std::size_t classes = 0;
  float inverse_temperature = 1;  // multiplies the scores
};

// The sum over rows of -log softmax(scores)[target]. x [rows, dim], embeddings [classes, dim], targets [rows] <
// classes. `logit_offsets` [classes] is added to the scores where not null: minus log q for sampled classes (logQ
// correction, Bengio & Senecal 2008; Yi et al. 2019). Gradients, each times `scale`: dx [rows, dim] overwritten,
// dembeddings [classes, dim] added to. Thread-safe with distinct outputs.
double softmax_loss(const SoftmaxLossOptions& options, std::size_t rows, const float* x, const float* embeddings,
                    std::span<const std::uint32_t> targets, const float* logit_offsets, float scale, float* dx,
                    float* dembeddings);

}  // namespace tamis::models::nn
