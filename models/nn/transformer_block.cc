#include "models/nn/transformer_block.h"

#include <algorithm>

namespace tamis::models::nn {
namespace {

void add_to(std::size_t size, float* sum, const float* term) {
  for (std::size_t i = 0; i < size; ++i) sum[i] += term[i];
}

}  // namespace

TransformerBlock::TransformerBlock(Parameters& parameters, const std::string& name,
                                   const TransformerBlockOptions& options, Random& random)
    : options_(options),
      attention_(parameters, name + ".attention", options.dim, options.heads, options.mask, options.dropout, random,
                 options.stddev),
      // The SASRec block has dropout inside attention and the position-wise network only.
      dropout_(options.norm == NormPlacement::kSasRec ? 0 : options.dropout),
      feed_forward_(parameters, name + ".feed_forward", options.dim, options.inner, options.activation, options.dropout,
                    random, options.stddev),
      first_norm_(parameters, name + ".first_norm", options.dim),
      second_norm_(parameters, name + ".second_norm", options.dim) {}

void TransformerBlock::forward(const Parameters& parameters, std::span<const std::uint32_t> offsets, float* x,
                               Cache& cache, Random* random) const {
  const std::size_t rows = offsets.back();
  const std::size_t size = rows * options_.dim;
  for (auto* array : {&cache.query, &cache.attended, &cache.hidden}) array->resize(size);
  cache.input.assign(x, x + size);

  if (options_.norm == NormPlacement::kPost) {
    attention_.forward(parameters, offsets, x, x, cache.attended.data(), cache.attention, random);
  } else {
    first_norm_.forward(parameters, rows, x, cache.query.data(), cache.first_norm);
    const float* keys = options_.norm == NormPlacement::kSasRec ? x : cache.query.data();
    attention_.forward(parameters, offsets, cache.query.data(), keys, cache.attended.data(), cache.attention, random);
  }
  if (random != nullptr) dropout_.forward(size, cache.attended.data(), cache.attention_mask, *random);

  switch (options_.norm) {
    case NormPlacement::kSasRec:
      std::copy_n(cache.query.data(), size, x);
      add_to(size, x, cache.attended.data());
      second_norm_.forward(parameters, rows, x, cache.hidden.data(), cache.second_norm);
      feed_forward_.forward(parameters, rows, cache.hidden.data(), x, cache.feed_forward, random);
      add_to(size, x, cache.hidden.data());
      return;
    case NormPlacement::kPre:
      add_to(size, x, cache.attended.data());
      second_norm_.forward(parameters, rows, x, cache.hidden.data(), cache.second_norm);
      feed_forward_.forward(parameters, rows, cache.hidden.data(), cache.attended.data(), cache.feed_forward, random);
      add_to(size, x, cache.attended.data());
      return;
    case NormPlacement::kPost:
      add_to(size, x, cache.attended.data());
      first_norm_.forward(parameters, rows, x, cache.hidden.data(), cache.first_norm);
      feed_forward_.forward(parameters, rows, cache.hidden.data(), x, cache.feed_forward, random);
      add_to(size, x, cache.hidden.data());
      second_norm_.forward(parameters, rows, x, x, cache.second_norm);
      return;
  }
}

void TransformerBlock::backward(const Parameters& parameters, std::span<const std::uint32_t> offsets, float* dx,
                                Cache& cache, Gradients& gradients, bool training) const {
  const std::size_t rows = offsets.back();
  const std::size_t size = rows * options_.dim;
  std::vector<float>& branch = cache.branch;    // gradient entering a residual branch
  std::vector<float>& dbranch = cache.dbranch;  // gradient leaving it
  branch.resize(size);
  dbranch.resize(size);

  // Leaves in `dx` the gradient of what entered the attention's residual sum, in `branch` a copy for the attention.
  if (options_.norm == NormPlacement::kPost)
    second_norm_.backward(parameters, rows, dx, dx, cache.second_norm, gradients);
  std::copy_n(dx, size, branch.data());
  feed_forward_.backward(parameters, rows, cache.hidden.data(), branch.data(), dbranch.data(), cache.feed_forward,
                         gradients, training);
  switch (options_.norm) {
    case NormPlacement::kSasRec:
      add_to(size, dx, dbranch.data());
      second_norm_.backward(parameters, rows, dx, dx, cache.second_norm, gradients);
      break;
    case NormPlacement::kPre:
      second_norm_.backward(parameters, rows, dbranch.data(), dbranch.data(), cache.second_norm, gradients);
      add_to(size, dx, dbranch.data());
      break;
    case NormPlacement::kPost:
      add_to(size, dx, dbranch.data());
      first_norm_.backward(parameters, rows, dx, dx, cache.first_norm, gradients);
      break;
  }

  std::copy_n(dx, size, branch.data());
  if (training) dropout_.backward(size, branch.data(), cache.attention_mask);
  switch (options_.norm) {
    case NormPlacement::kSasRec: {
      std::vector<float>& dkeys = cache.dkeys;
      dkeys.resize(size);
      attention_.backward(parameters, offsets, cache.query.data(), cache.input.data(), branch.data(), dbranch.data(),
                          dkeys.data(), cache.attention, gradients, training);
      add_to(size, dx, dbranch.data());  // the query is both residual and attention input
      first_norm_.backward(parameters, rows, dx, dx, cache.first_norm, gradients);
      add_to(size, dx, dkeys.data());
      return;
    }
    case NormPlacement::kPre:
      attention_.backward(parameters, offsets, cache.query.data(), cache.query.data(), branch.data(), dbranch.data(),
                          dbranch.data(), cache.attention, gradients, training);
      first_norm_.backward(parameters, rows, dbranch.data(), dbranch.data(), cache.first_norm, gradients);
      add_to(size, dx, dbranch.data());
      return;
    case NormPlacement::kPost:
      attention_.backward(parameters, offsets, cache.input.data(), cache.input.data(), branch.data(), dbranch.data(),
                          dbranch.data(), cache.attention, gradients, training);
      add_to(size, dx, dbranch.data());
      return;
  }
}

}  // namespace tamis::models::nn
