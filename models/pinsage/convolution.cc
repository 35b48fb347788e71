#include "models/pinsage/convolution.h"

#include <algorithm>

#include "models/nn/activation.h"
#include "models/nn/shared_linear.h"
#include "models/nn/unit_norm.h"

namespace tamis::models {

namespace {

constexpr float kNoise = 0.1F;  // of the random start, beside the identity

void shrink(nn::Parameters& parameters, nn::Slice weight) {
  float* values = parameters.data(weight);
  for (std::size_t i = 0; i < weight.size(); ++i) values[i] *= kNoise;
}
// Adds `value` along the diagonal that begins at (row, column).
void add_diagonal(nn::Parameters& parameters, nn::Slice weight, std::size_t row, std::size_t column, float value) {
  float* values = parameters.data(weight);
  for (; row < weight.rows && column < weight.columns; ++row, ++column) values[row * weight.columns + column] += value;
}

}  // namespace

Convolution::Convolution(nn::Parameters& parameters, const std::string& name, std::size_t in, std::size_t hidden,
                         std::size_t out, bool has_self, bool rectify, Random& random)
    : transform_(parameters, name + ".transform", in, hidden, random),
      pool_(parameters, name + ".pool", hidden, out, random),
      has_self_(has_self),
      rectify_(rectify) {
  // relu(x) - relu(-x) is x: with hidden = 2 in, neighbours' vectors come through the ReLU as they are.
  shrink(parameters, transform_.weight());
  shrink(parameters, pool_.weight());
  add_diagonal(parameters, transform_.weight(), 0, 0, 1);
  add_diagonal(parameters, transform_.weight(), in, 0, -1);
  add_diagonal(parameters, pool_.weight(), 0, 0, 1);
  add_diagonal(parameters, pool_.weight(), 0, in, -1);
  if (!has_self) return;
  self_ = nn::Linear(parameters, name + ".self", in, out, random);
  shrink(parameters, self_.weight());
  add_diagonal(parameters, self_.weight(), 0, 0, 1);
}

Status Convolution::transform(const nn::Parameters& parameters, std::size_t rows, const float* h,
                              std::vector<float>& out, const TrainControl& control) const {
  out.resize(rows * hidden());
  TAMIS_RETURN_IF_ERROR(nn::forward_shared(transform_, parameters, rows, h, out.data(), control));
  for (float& value : out) value = std::max(value, 0.0F);
  return Status::ok();
}

void Convolution::combine(const nn::Parameters& parameters, const float* h, const float* pooled, float* out_row) const {
  pool_.forward(parameters, 1, pooled, out_row);
  if (has_self_) {
    std::vector<float> own(out());
    self_.forward(parameters, 1, h, own.data());
    for (std::size_t d = 0; d < out(); ++d) out_row[d] += own[d];
  }
  if (rectify_) {
    for (std::size_t d = 0; d < out(); ++d) out_row[d] = std::max(out_row[d], 0.0F);
  }
  float norm = 0;
  nn::normalize_rows(1, out(), out_row, &norm);
}

Status Convolution::forward(const nn::Parameters& parameters, std::size_t inputs, const float* h,
                            const ConvolutionBlock& block, Cache& cache, const TrainControl& control) const {
  const std::size_t outputs = block.outputs();
  cache.transformed.resize(inputs * hidden());
  cache.rectified.resize(inputs * hidden());
  TAMIS_RETURN_IF_ERROR(nn::forward_shared(transform_, parameters, inputs, h, cache.transformed.data(), control));
  nn::activate(nn::Activation::kRelu, cache.transformed.size(), cache.transformed.data(), cache.rectified.data());
  cache.pooled.assign(outputs * hidden(), 0.0F);
  TAMIS_RETURN_IF_ERROR(nn::add_bags(cache.rectified.data(), hidden(), block.neighbors, cache.pooled.data(), control));

  cache.combined.resize(outputs * out());
  TAMIS_RETURN_IF_ERROR(
      nn::forward_shared(pool_, parameters, outputs, cache.pooled.data(), cache.combined.data(), control));
  cache.out.resize(outputs * out());
  if (has_self_) {
    cache.own.resize(outputs * in());
    for (std::size_t o = 0; o < outputs; ++o) std::copy_n(h + block.self[o] * in(), in(), &cache.own[o * in()]);
    TAMIS_RETURN_IF_ERROR(nn::forward_shared(self_, parameters, outputs, cache.own.data(), cache.out.data(), control));
    for (std::size_t i = 0; i < cache.out.size(); ++i) cache.combined[i] += cache.out[i];
  }
  if (rectify_) {
    nn::activate(nn::Activation::kRelu, cache.out.size(), cache.combined.data(), cache.out.data());
  } else {
    cache.out = cache.combined;
  }
  cache.norms.resize(outputs);
  nn::normalize_rows(outputs, out(), cache.out.data(), cache.norms.data());
  return Status::ok();
}

Status Convolution::backward(const nn::Parameters& parameters, std::size_t inputs, const float* h,
                             const ConvolutionBlock& block, float* dout, float* dh, Cache& cache,
                             nn::Gradients& gradients, const TrainControl& control) const {
  const std::size_t outputs = block.outputs();
  nn::normalize_rows_backward(outputs, out(), cache.out.data(), cache.norms.data(), dout);
  if (rectify_) nn::activate_backward(nn::Activation::kRelu, outputs * out(), cache.combined.data(), dout, dout);

  std::vector<float> dpooled(outputs * hidden());
  TAMIS_RETURN_IF_ERROR(
      nn::backward_shared(pool_, parameters, outputs, cache.pooled.data(), dout, dpooled.data(), gradients, control));
  std::vector<float> dtransformed(inputs * hidden(), 0.0F);
  TAMIS_RETURN_IF_ERROR(nn::add_bags_backward(block.neighbors, hidden(), dpooled.data(), dtransformed.data(), control));
  nn::activate_backward(nn::Activation::kRelu, dtransformed.size(), cache.transformed.data(), dtransformed.data(),
                        dtransformed.data());
  std::vector<float> dinput(inputs * in());
  TAMIS_RETURN_IF_ERROR(
      nn::backward_shared(transform_, parameters, inputs, h, dtransformed.data(), dinput.data(), gradients, control));
  for (std::size_t i = 0; i < dinput.size(); ++i) dh[i] += dinput[i];
  if (!has_self_) return Status::ok();

  dinput.resize(outputs * in());
  TAMIS_RETURN_IF_ERROR(
      nn::backward_shared(self_, parameters, outputs, cache.own.data(), dout, dinput.data(), gradients, control));
  for (std::size_t o = 0; o < outputs; ++o) {
    float* row = dh + block.self[o] * in();
    for (std::size_t d = 0; d < in(); ++d) row[d] += dinput[o * in() + d];
  }
  return Status::ok();
}

}  // namespace tamis::models
