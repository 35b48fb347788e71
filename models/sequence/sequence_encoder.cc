#include "models/sequence/sequence_encoder.h"

#include <algorithm>
#include <cmath>

namespace tamis::models {
namespace {

constexpr float kInitialStddev = 0.02F;

}  // namespace

SequenceEncoder::SequenceEncoder(const SequenceEncoderOptions& options)
    : options_(options), dropout_(static_cast<float>(options.dropout)) {
  Random random(options.seed);
  const std::size_t tokens = options.items + (options.bidirectional ? 1 : 0);
  item_embedding_ = parameters_.add_normal("item_embedding", tokens, options.dim, kInitialStddev, random);
  position_embedding_ =
      parameters_.add_normal("position_embedding", options.max_length, options.dim, kInitialStddev, random);
  const nn::TransformerBlockOptions block{
      .dim = options.dim,
      .inner = options.inner,
      .heads = options.heads,
      .mask = options.bidirectional ? nn::AttentionMask::kNone : nn::AttentionMask::kCausal,
      .norm = options.bidirectional ? nn::NormPlacement::kPre : nn::NormPlacement::kSasRec,
      .activation = options.bidirectional ? nn::Activation::kGelu : nn::Activation::kRelu,
      .dropout = static_cast<float>(options.dropout),
      .stddev = 0,
  };
  for (std::uint32_t i = 0; i < options.blocks; ++i) {
    blocks_.emplace_back(parameters_, "block" + std::to_string(i), block, random);
  }
  norm_ = nn::LayerNorm(parameters_, "norm", options.dim);
}

void SequenceEncoder::forward(std::span<const std::uint32_t> offsets, std::span<const std::uint32_t> tokens, float* out,
                              Cache& cache, Random* random) const {
  const std::size_t dim = options_.dim;
  const float scale = options_.bidirectional ? 1 : std::sqrt(static_cast<float>(dim));
  const float* items = parameters_.data(item_embedding_);
  const float* positions = parameters_.data(position_embedding_);
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
    for (std::size_t row = offsets[s]; row < offsets[s + 1]; ++row) {
      const std::size_t position = options_.max_length - (offsets[s + 1] - row);
      for (std::size_t j = 0; j < dim; ++j) {
        out[row * dim + j] = scale * items[tokens[row] * dim + j] + positions[position * dim + j];
      }
    }
  }
  if (random != nullptr) dropout_.forward(tokens.size() * dim, out, cache.embedding_mask, *random);
  cache.blocks.resize(blocks_.size());
  for (std::size_t i = 0; i < blocks_.size(); ++i)
    blocks_[i].forward(parameters_, offsets, out, cache.blocks[i], random);
  norm_.forward(parameters_, tokens.size(), out, out, cache.norm);
}

void SequenceEncoder::backward(std::span<const std::uint32_t> offsets, std::span<const std::uint32_t> tokens,
                               float* dout, Cache& cache, nn::Gradients& gradients) const {
  const std::size_t dim = options_.dim;
  norm_.backward(parameters_, tokens.size(), dout, dout, cache.norm, gradients);
  for (std::size_t i = blocks_.size(); i-- > 0;) {
    blocks_[i].backward(parameters_, offsets, dout, cache.blocks[i], gradients, true);
  }
  dropout_.backward(tokens.size() * dim, dout, cache.embedding_mask);
  const float scale = options_.bidirectional ? 1 : std::sqrt(static_cast<float>(dim));
  float* items = gradients.data(item_embedding_);
  float* positions = gradients.data(position_embedding_);
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
    for (std::size_t row = offsets[s]; row < offsets[s + 1]; ++row) {
      const std::size_t position = options_.max_length - (offsets[s + 1] - row);
      for (std::size_t j = 0; j < dim; ++j) {
        items[tokens[row] * dim + j] += scale * dout[row * dim + j];
        positions[position * dim + j] += dout[row * dim + j];
      }
    }
  }
}

std::vector<float> SequenceEncoder::encode(std::span<const std::uint32_t> history) const {
  const std::size_t limit = options_.max_length - (options_.bidirectional ? 1 : 0);
  const auto newest = history.last(std::min<std::size_t>(history.size(), limit));
  std::vector<std::uint32_t> tokens(newest.begin(), newest.end());
  if (tokens.empty()) return std::vector<float>(options_.dim, 0.0F);
  if (options_.bidirectional) tokens.push_back(options_.items);
  const std::uint32_t offsets[] = {0, static_cast<std::uint32_t>(tokens.size())};
  std::vector<float> out(tokens.size() * options_.dim);
  thread_local Cache cache;
  forward(offsets, tokens, out.data(), cache, nullptr);
  return {out.end() - options_.dim, out.end()};
}

}  // namespace tamis::models
