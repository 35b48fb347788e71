#include "ranker/mlp.h"

#include <algorithm>

#include "models/nn/activation.h"
#include "models/parallel.h"

namespace tamis::ranker {
namespace {

using models::nn::Activation;

// Pieces of a batch: rows for what rows do alone, columns for batch norm, outputs for the gradients of weights.
constexpr std::size_t kLayerRows = 256;
constexpr std::size_t kColumnBlock = 32;
constexpr std::size_t kOutputBlock = 64;

}  // namespace

Mlp::Mlp(models::nn::Parameters& parameters, const std::string& name, std::size_t in, const MlpOptions& options,
         Random& random) {
  for (std::size_t i = 0; i <= options.hidden.size(); ++i) {
    const bool hidden = i < options.hidden.size();
    const std::size_t out = hidden ? options.hidden[i] : options.out;
    const std::string layer_name = name + "." + std::to_string(i);
    Layer layer;
    layer.linear = models::nn::Linear(parameters, layer_name, in, out, random);
    layer.has_norm = hidden && options.batch_norm;
    layer.has_relu = hidden || options.activate_output;
    if (layer.has_norm) layer.norm = models::nn::BatchNorm(parameters, layer_name + ".norm", out);
    if (hidden) layer.dropout = models::nn::Dropout(options.dropout);
    layers_.push_back(layer);
    in = out;
  }
}

Status Mlp::forward_train(models::nn::Parameters& parameters, std::size_t rows, const float* x, Cache& cache,
                          std::uint64_t seed, const models::TrainControl& control) const {
  cache.layers.resize(layers_.size());
  Random seeds(seed);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    Cache::Layer& kept = cache.layers[i];
    const std::size_t out = layer.linear.out();
    const std::size_t in = layer.linear.in();
    kept.linear.resize(rows * out);
    kept.activated.resize(rows * out);
    kept.masks.resize((rows + kLayerRows - 1) / kLayerRows);
    const std::uint64_t layer_seed = seeds();

    const auto activate = [&](std::size_t begin, std::size_t end) {
      const std::size_t size = (end - begin) * out;
      const float* linear = &kept.linear[begin * out];
      float* activated = &kept.activated[begin * out];
      if (layer.has_relu) {
        models::nn::activate(Activation::kRelu, size, linear, activated);
      } else {
        std::copy_n(linear, size, activated);
      }
      Random random(layer_seed + begin);
      layer.dropout.forward(size, activated, kept.masks[begin / kLayerRows], random);
    };
    TAMIS_RETURN_IF_ERROR(models::parallel_blocks(control, rows, kLayerRows, [&](std::size_t begin, std::size_t end) {
      layer.linear.forward(parameters, end - begin, x + begin * in, &kept.linear[begin * out]);
      if (!layer.has_norm) activate(begin, end);
    }));
    if (layer.has_norm) {
      kept.norm.resize(rows, out);
      TAMIS_RETURN_IF_ERROR(
          models::parallel_blocks(control, out, kColumnBlock, [&](std::size_t begin, std::size_t end) {
            layer.norm.forward_train(parameters, rows, begin, end, kept.linear.data(), kept.linear.data(), kept.norm);
          }));
      TAMIS_RETURN_IF_ERROR(models::parallel_blocks(control, rows, kLayerRows, activate));
    }
    x = kept.activated.data();
  }
  return Status::ok();
}

Status Mlp::backward(const models::nn::Parameters& parameters, std::size_t rows, const float* x, const float* dy,
                     float* dx, Cache& cache, models::nn::Gradients& gradients,
                     const models::TrainControl& control) const {
  cache.dy.assign(dy, dy + rows * out());
  for (std::size_t i = layers_.size(); i-- > 0;) {
    const Layer& layer = layers_[i];
    const Cache::Layer& kept = cache.layers[i];
    const std::size_t out = layer.linear.out();
    const std::size_t in = layer.linear.in();
    TAMIS_RETURN_IF_ERROR(models::parallel_blocks(control, rows, kLayerRows, [&](std::size_t begin, std::size_t end) {
      const std::size_t size = (end - begin) * out;
      float* d = &cache.dy[begin * out];
      layer.dropout.backward(size, d, kept.masks[begin / kLayerRows]);
      if (layer.has_relu) models::nn::activate_backward(Activation::kRelu, size, &kept.linear[begin * out], d, d);
    }));
    if (layer.has_norm) {
      TAMIS_RETURN_IF_ERROR(
          models::parallel_blocks(control, out, kColumnBlock, [&](std::size_t begin, std::size_t end) {
            layer.norm.backward(parameters, rows, begin, end, cache.dy.data(), cache.dy.data(), kept.norm, gradients);
          }));
    }
    const float* input = i == 0 ? x : cache.layers[i - 1].activated.data();
    TAMIS_RETURN_IF_ERROR(models::parallel_blocks(control, out, kOutputBlock, [&](std::size_t begin, std::size_t end) {
      layer.linear.backward_weights(rows, input, cache.dy.data(), begin, end, gradients);
    }));
    if (i == 0 && dx == nullptr) break;
    cache.dx.resize(rows * in);
    float* target = i == 0 ? dx : cache.dx.data();
    TAMIS_RETURN_IF_ERROR(models::parallel_blocks(control, rows, kLayerRows, [&](std::size_t begin, std::size_t end) {
      layer.linear.backward_input(parameters, end - begin, &cache.dy[begin * out], target + begin * in);
    }));
    std::swap(cache.dy, cache.dx);
  }
  return Status::ok();
}

FrozenMlp Mlp::freeze(const models::nn::Parameters& parameters) const {
  FrozenMlp frozen;
  for (const Layer& layer : layers_) {
    const std::size_t in = layer.linear.in();
    const std::size_t out = layer.linear.out();
    std::vector<float> scale(out, 1.0F);
    std::vector<float> shift(out, 0.0F);
    if (layer.has_norm) layer.norm.affine(parameters, scale.data(), shift.data());
    const float* weight = parameters.data(layer.linear.weight());
    const float* bias = parameters.data(layer.linear.bias());
    FrozenLayer folded{.in = in, .out = out, .has_relu = layer.has_relu, .weight = {}, .bias = {}};
    folded.weight.resize(in * out);
    folded.bias.resize(out);
    for (std::size_t j = 0; j < out; ++j) {
      folded.bias[j] = bias[j] * scale[j] + shift[j];
      for (std::size_t k = 0; k < in; ++k) folded.weight[k * out + j] = weight[j * in + k] * scale[j];
    }
    frozen.layers.push_back(std::move(folded));
  }
  return frozen;
}

}  // namespace tamis::ranker
