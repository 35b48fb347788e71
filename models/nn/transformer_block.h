// One block of a transformer encoder: attention and a position-wise network, with residuals and layer norms.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "models/nn/attention.h"
#include "models/nn/feed_forward.h"
#include "models/nn/layer_norm.h"

namespace tamis::models::nn {

enum class NormPlacement {
  kSasRec,  // q = norm(x); y = q + attention(q, x); z = norm(y); z + ffn(z) (Kang & McAuley 2018, arXiv:1808.09781)
  kPre,     // y = x + attention(norm(x)); y + ffn(norm(y))
  kPost,    // y = norm(x + attention(x)); norm(y + ffn(y)) (Vaswani et al. 2017; BERT)
};

struct TransformerBlockOptions {
  std::size_t dim = 64;
  std::size_t inner = 64;  // width of the position-wise network
  std::size_t heads = 1;
  AttentionMask mask = AttentionMask::kCausal;
  NormPlacement norm = NormPlacement::kSasRec;
  Activation activation = Activation::kRelu;
  float dropout = 0.2F;
  float stddev = 0;  // of initial weights; 0: Linear's own
};

// Thread-safe for concurrent calls with distinct outputs, caches and gradients.
class TransformerBlock {
 public:
  struct Cache {
    std::vector<float> input, query, attended, hidden;  // [rows, dim]
    std::vector<float> branch, dbranch, dkeys;          // of backward(), kept for the next
    MultiHeadAttention::Cache attention;
    Dropout::Mask attention_mask;
    FeedForward::Cache feed_forward;
    LayerNorm::Cache first_norm, second_norm;
  };

  TransformerBlock(Parameters& parameters, const std::string& name, const TransformerBlockOptions& options,
                   Random& random);

  // x [rows, dim] in place. `random` is null at inference.
  void forward(const Parameters& parameters, std::span<const std::uint32_t> offsets, float* x, Cache& cache,
               Random* random) const;
  // dx [rows, dim] in place: from the gradient of the output to that of the input.
  void backward(const Parameters& parameters, std::span<const std::uint32_t> offsets, float* dx, Cache& cache,
                Gradients& gradients, bool training) const;

 private:
  TransformerBlockOptions options_;
  MultiHeadAttention attention_;
  Dropout dropout_;
  FeedForward feed_forward_;
  LayerNorm first_norm_, second_norm_;
};

}  // namespace tamis::models::nn
