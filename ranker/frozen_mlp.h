// FrozenMlp: a trained Mlp as served, plain matrices with batch norm folded in.
#pragma once

#include <cstddef>
#include <vector>

namespace tamis::ranker {

struct FrozenLayer {
  std::size_t in = 0;
  std::size_t out = 0;
  bool has_relu = false;
  std::vector<float> weight;  // [in, out]: rows may be taken apart by input
  std::vector<float> bias;    // [out]

  // y = activation(y + bias), in place over [rows, out].
  void finish(std::size_t rows, float* y) const;
};

// Immutable once made; thread-safe for distinct scratch.
struct FrozenMlp {
  using Scratch = std::vector<float>;
  std::vector<FrozenLayer> layers;

  std::size_t out() const { return layers.back().out; }
  // x [rows, in] -> y [rows, out], on the calling thread.
  void forward(std::size_t rows, const float* x, float* y, Scratch& scratch) const;
  // The same from what the first layer has put out, activated: h [rows, layers[0].out]. REQUIRES: two layers or more.
  void forward_after_first(std::size_t rows, const float* h, float* y, Scratch& scratch) const;

 private:
  void run(std::size_t first, std::size_t rows, const float* x, float* y, Scratch& scratch) const;
};

}  // namespace tamis::ranker
