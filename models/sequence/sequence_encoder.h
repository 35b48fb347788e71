// SequenceEncoder: a transformer that turns a user's actions, oldest first, into one vector per position: the user side
// of SASRec (Kang & McAuley 2018, arXiv:1808.09781) and BERT4Rec (Sun et al. 2019, arXiv:1904.06690).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/nn/layer_norm.h"
#include "models/nn/parameters.h"
#include "models/nn/transformer_block.h"

namespace tamis::models {

struct SequenceEncoderOptions {
  std::uint32_t items = 0;
  std::uint32_t dim = 64;  // a multiple of heads
  std::uint32_t blocks = 2;
  std::uint32_t heads = 1;
  std::uint32_t inner = 64;        // width of the position-wise network
  std::uint32_t max_length = 200;  // actions considered, the newest
  double dropout = 0.2;            // 0..0.9
  bool bidirectional = false;      // BERT4Rec: every position sees all; token `items` is the mask
  std::uint64_t seed = 42;
};

// Parameters change while it is trained (externally synchronised); encode() is thread-safe between steps.
class SequenceEncoder {
 public:
  explicit SequenceEncoder(const SequenceEncoderOptions& options);

  struct Cache {
    nn::Dropout::Mask embedding_mask;
    std::vector<nn::TransformerBlock::Cache> blocks;
    nn::LayerNorm::Cache norm;
  };

  // tokens: packed sequences (offsets as in nn/attention.h), each at most max_length long. out [tokens, dim].
  // `random` is null at inference: no dropout.
  void forward(std::span<const std::uint32_t> offsets, std::span<const std::uint32_t> tokens, float* out, Cache& cache,
               Random* random) const;
  // dout [tokens, dim] is overwritten. Adds to `gradients`.
  void backward(std::span<const std::uint32_t> offsets, std::span<const std::uint32_t> tokens, float* dout,
                Cache& cache, nn::Gradients& gradients) const;

  // The vector that scores the next item: that of the last of the newest max_length actions (one fewer and a mask token
  // behind where bidirectional); zeros without actions. Scores are its dot products with item_embeddings().
  std::vector<float> encode(std::span<const std::uint32_t> history) const;
  // The same for many histories at once, into out [histories, dim]. Scratch is thread_local and kept.
  void encode_batch(std::span<const std::span<const std::uint32_t>> histories, std::span<float> out) const;

  const SequenceEncoderOptions& options() const { return options_; }
  nn::Parameters& parameters() { return parameters_; }
  const nn::Parameters& parameters() const { return parameters_; }
  nn::Slice item_embedding_slice() const { return item_embedding_; }
  const float* item_embeddings() const { return parameters_.data(item_embedding_); }  // [items (+ mask), dim]

 private:
  SequenceEncoderOptions options_;
  nn::Parameters parameters_;
  nn::Slice item_embedding_;
  nn::Slice position_embedding_;  // [max_length, dim]; row max_length - 1 is the newest action
  nn::Dropout dropout_;
  std::vector<nn::TransformerBlock> blocks_;
  nn::LayerNorm norm_;
};

}  // namespace tamis::models
