// Mlp: linear layers with ReLU between them, optionally batch norm before and dropout after each ReLU; trained over
// whole batches by several threads, then frozen for serving (frozen_mlp.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "models/nn/batch_norm.h"
#include "models/nn/dropout.h"
#include "models/nn/linear.h"
#include "models/train_control.h"
#include "ranker/frozen_mlp.h"

namespace tamis::ranker {

struct MlpOptions {
  std::vector<std::uint32_t> hidden;  // widths; may be empty
  std::uint32_t out = 1;
  bool activate_output = false;  // ReLU on the last layer too
  bool batch_norm = false;       // of hidden layers
  float dropout = 0;             // of hidden layers, 0..1
};

// Holds its place in Parameters and no state: thread-safe for distinct caches. Each pass shares its batch over the
// threads of `control` in pieces that do not depend on their number. Errors: those of parallel_blocks.
class Mlp {
 public:
  struct Cache {
    struct Layer {
      std::vector<float> linear;     // [rows, out], after batch norm
      std::vector<float> activated;  // [rows, out]
      models::nn::BatchNorm::Cache norm;
      std::vector<models::nn::Dropout::Mask> masks;  // by block of rows
    };
    std::vector<Layer> layers;
    std::vector<float> dy, dx;
    // Of the forward pass: [rows, out].
    const float* output() const { return layers.back().activated.data(); }
  };

  Mlp() = default;
  Mlp(models::nn::Parameters& parameters, const std::string& name, std::size_t in, const MlpOptions& options,
      Random& random);

  std::size_t in() const { return layers_.front().linear.in(); }
  std::size_t out() const { return layers_.back().linear.out(); }

  // x [rows, in] -> cache.output(). Updates running averages in `parameters`. `seed` draws the dropout of this step.
  Status forward_train(models::nn::Parameters& parameters, std::size_t rows, const float* x, Cache& cache,
                       std::uint64_t seed, const models::TrainControl& control) const;
  // dy [rows, out] -> dx [rows, in], overwritten; null where not wanted. Adds to `gradients`.
  Status backward(const models::nn::Parameters& parameters, std::size_t rows, const float* x, const float* dy,
                  float* dx, Cache& cache, models::nn::Gradients& gradients, const models::TrainControl& control) const;

  // The same function at inference: batch norm folded into the weights, no dropout.
  FrozenMlp freeze(const models::nn::Parameters& parameters) const;

 private:
  struct Layer {
    models::nn::Linear linear;
    models::nn::BatchNorm norm;
    bool has_norm = false;
    bool has_relu = false;
    models::nn::Dropout dropout;
  };
  std::vector<Layer> layers_;
};

}  // namespace tamis::ranker
