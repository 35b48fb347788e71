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
  std::vector<float> out(options_.dim);
  encode_batch({&history, 1}, out);
  return out;
}

void SequenceEncoder::encode_batch(std::span<const std::span<const std::uint32_t>> histories,
                                   std::span<float> out) const {
  struct Scratch {
    std::vector<std::uint32_t> offsets, tokens;
    std::vector<float> rows;
    Cache cache;
  };
  thread_local Scratch scratch;
  const std::size_t dim = options_.dim;
  const std::size_t limit = options_.max_length - (options_.bidirectional ? 1 : 0);
  scratch.offsets.assign(1, 0);
  scratch.tokens.clear();
  for (const auto& history : histories) {
    const auto newest = history.last(std::min<std::size_t>(history.size(), limit));
    scratch.tokens.insert(scratch.tokens.end(), newest.begin(), newest.end());
    if (options_.bidirectional && !newest.empty()) scratch.tokens.push_back(options_.items);
    scratch.offsets.push_back(static_cast<std::uint32_t>(scratch.tokens.size()));
  }
  scratch.rows.resize(scratch.tokens.size() * dim);
  forward(scratch.offsets, scratch.tokens, scratch.rows.data(), scratch.cache, nullptr);
  for (std::size_t i = 0; i < histories.size(); ++i) {
    const std::size_t end = scratch.offsets[i + 1];
    if (end == scratch.offsets[i]) {
      std::fill_n(&out[i * dim], dim, 0.0F);
    } else {
      std::copy_n(&scratch.rows[(end - 1) * dim], dim, &out[i * dim]);
    }
  }
}

}  // namespace tamis::models
