// Convolution: one layer of PinSage (Ying et al. 2018, arXiv:1806.01973, algorithm 1). A node's vector is made from its
// own and from the importance-weighted pool of its neighbours' transformed ones.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/random.h"
#include "common/status.h"
#include "models/nn/embedding_bag.h"
#include "models/nn/linear.h"
#include "models/nn/parameters.h"
#include "models/train_control.h"

namespace tamis::models {

// The nodes to compute, by places among the input rows. A value type.
struct ConvolutionBlock {
  std::vector<std::uint32_t> self;  // [outputs]; empty where nodes have no vector of their own (users)
  nn::Bags neighbors;               // [outputs]
  std::size_t outputs() const { return neighbors.size(); }
};

// out = norm(f(W_self h + W_pool sum of weight * relu(Q h_neighbour))), f a ReLU or nothing. Stateless but for its
// place in Parameters: thread-safe for concurrent calls with distinct outputs, caches and gradients.
class Convolution {
 public:
  struct Cache {
    std::vector<float> transformed, rectified;  // [inputs, hidden]: Q h, and its positive part
    std::vector<float> pooled;                  // [outputs, hidden]
    std::vector<float> own;                     // [outputs, in]
    std::vector<float> combined;                // [outputs, out], before f
    std::vector<float> out, norms;              // [outputs, out], [outputs]
  };

  Convolution() = default;
  // Starts near out = h + pool of neighbours' h, so that training refines a mean over the graph.
  Convolution(nn::Parameters& parameters, const std::string& name, std::size_t in, std::size_t hidden, std::size_t out,
              bool has_self, bool rectify, Random& random);

  // h [inputs, in] -> cache.out [block.outputs(), out], rows of length 1.
  Status forward(const nn::Parameters& parameters, std::size_t inputs, const float* h, const ConvolutionBlock& block,
                 Cache& cache, const TrainControl& control) const;
  // dout [outputs, out] is overwritten; dh [inputs, in] is added to. The same bits for any number of threads.
  Status backward(const nn::Parameters& parameters, std::size_t inputs, const float* h, const ConvolutionBlock& block,
                  float* dout, float* dh, Cache& cache, nn::Gradients& gradients, const TrainControl& control) const;

  // relu(Q h) [rows, hidden], and what a node makes of its neighbours' pool of them (and its own h, where it has one)
  // [out]: forward() for one node, so that pools of trained nodes can be served from a table.
  Status transform(const nn::Parameters& parameters, std::size_t rows, const float* h, std::vector<float>& out,
                   const TrainControl& control) const;
  void combine(const nn::Parameters& parameters, const float* h, const float* pooled, float* out) const;

  std::size_t in() const { return transform_.in(); }
  std::size_t hidden() const { return transform_.out(); }
  std::size_t out() const { return pool_.out(); }

 private:
  nn::Linear transform_, self_, pool_;
  bool has_self_ = true;
  bool rectify_ = true;
};

}  // namespace tamis::models
