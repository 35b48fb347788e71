// Multi-head attention (Vaswani et al. 2017, arXiv:1706.03762) over packed sequences of unequal length.
//
// Sequences lie one behind the other without padding: sequence s is rows offsets[s] .. offsets[s + 1] of every array,
// so that no work is done for padding and no padding mask is needed.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "models/nn/dropout.h"
#include "models/nn/linear.h"

namespace tamis::models::nn {

enum class AttentionMask {
  kNone,    // every position sees its whole sequence
  kCausal,  // a position sees itself and earlier ones
};

// Thread-safe for concurrent calls with distinct outputs, caches and gradients.
class MultiHeadAttention {
 public:
  struct Cache {
    std::vector<float> query, key, value, context;  // [rows, dim]
    std::vector<float> probabilities;               // per sequence and head: [length, length]
    Dropout::Mask mask;                             // over probabilities
    std::vector<float> scratch;
    std::vector<float> dquery, dkey, dvalue, dcontext, dscores;  // of backward(), kept for the next
  };

  MultiHeadAttention() = default;
  // REQUIRES: dim is a multiple of heads.
  MultiHeadAttention(Parameters& parameters, const std::string& name, std::size_t dim, std::size_t heads,
                     AttentionMask mask, float dropout, Random& random, float stddev = 0);

  // queries, keys [rows, dim] -> out [rows, dim]; values are projected from `keys`, too. `random` is null at inference:
  // no dropout.
  void forward(const Parameters& parameters, std::span<const std::uint32_t> offsets, const float* queries,
               const float* keys, float* out, Cache& cache, Random* random) const;
  // dout -> dqueries, dkeys [rows, dim] (overwritten; may be one array where queries and keys were one: their sum).
  void backward(const Parameters& parameters, std::span<const std::uint32_t> offsets, const float* queries,
                const float* keys, const float* dout, float* dqueries, float* dkeys, Cache& cache, Gradients& gradients,
                bool training) const;

 private:
  // Calls visit(first row, rows, keys seen, probabilities) for blocks of query rows of every sequence and head.
  template <typename Visit>
  void for_each_block(std::span<const std::uint32_t> offsets, Visit visit) const;

  Linear query_, key_, value_, output_;
  std::size_t heads_ = 1;
  AttentionMask mask_ = AttentionMask::kNone;
  Dropout dropout_;
};

}  // namespace tamis::models::nn
