#include "models/nn/attention.h"

#include <algorithm>
#include <cmath>

#include "models/blas.h"
#include "models/nn/vector_math.h"

namespace tamis::models::nn {
namespace {

// Query rows that are handled together: a causal block skips the keys after its last row.
constexpr std::size_t kBlockRows = 64;

// Softmax of the first `seen` of `columns` entries of a row, scaled before; zeros after.
void softmax_row(float* row, std::size_t seen, std::size_t columns, float scale) {
  float largest = row[0];
  for (std::size_t j = 1; j < seen; ++j) largest = std::max(largest, row[j]);
  float sum = 0;
  for (std::size_t j = 0; j < seen; ++j) {
    row[j] = fast_exp(scale * (row[j] - largest));
    sum += row[j];
  }
  const float inverse = 1 / sum;
  for (std::size_t j = 0; j < seen; ++j) row[j] *= inverse;
  std::fill(row + seen, row + columns, 0.0F);
}

}  // namespace

MultiHeadAttention::MultiHeadAttention(Parameters& parameters, const std::string& name, std::size_t dim,
                                       std::size_t heads, AttentionMask mask, float dropout, Random& random,
                                       float stddev)
    : query_(parameters, name + ".query", dim, dim, random, stddev),
      key_(parameters, name + ".key", dim, dim, random, stddev),
      value_(parameters, name + ".value", dim, dim, random, stddev),
      output_(parameters, name + ".output", dim, dim, random, stddev),
      heads_(heads),
      mask_(mask),
      dropout_(dropout) {}

template <typename Visit>
void MultiHeadAttention::for_each_block(std::span<const std::uint32_t> offsets, Visit visit) const {
  std::size_t base = 0;  // of this sequence's and head's probabilities
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
    const std::size_t first = offsets[s];
    const std::size_t length = offsets[s + 1] - first;
    for (std::size_t head = 0; head < heads_; ++head, base += length * length) {
      for (std::size_t row = 0; row < length; row += kBlockRows) {
        const std::size_t rows = std::min(kBlockRows, length - row);
        const std::size_t keys = mask_ == AttentionMask::kCausal ? row + rows : length;
        visit(first, row, rows, keys, length, head, base + row * length);
      }
    }
  }
}

void MultiHeadAttention::forward(const Parameters& parameters, std::span<const std::uint32_t> offsets,
                                 const float* queries, const float* keys, float* out, Cache& cache,
                                 Random* random) const {
  const std::size_t dim = query_.in();
  const std::size_t width = dim / heads_;
  const std::size_t rows_total = offsets.back();
  std::size_t pairs = 0;
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
    const std::size_t length = offsets[s + 1] - offsets[s];
    pairs += heads_ * length * length;
  }
  for (auto* array : {&cache.query, &cache.key, &cache.value, &cache.context}) array->resize(rows_total * dim);
  cache.probabilities.resize(pairs);
  query_.forward(parameters, rows_total, queries, cache.query.data());
  key_.forward(parameters, rows_total, keys, cache.key.data());
  value_.forward(parameters, rows_total, keys, cache.value.data());

  const float scale = 1 / std::sqrt(static_cast<float>(width));
  for_each_block(offsets, [&](std::size_t first, std::size_t row, std::size_t rows, std::size_t seen,
                              std::size_t length, std::size_t head, std::size_t base) {
    float* probabilities = cache.probabilities.data() + base;
    blas::gemm(blas::kNo, blas::kTranspose, rows, seen, width, 1, &cache.query[(first + row) * dim + head * width], dim,
               &cache.key[first * dim + head * width], dim, 0, probabilities, length);
    for (std::size_t i = 0; i < rows; ++i) {
      softmax_row(probabilities + i * length, mask_ == AttentionMask::kCausal ? row + i + 1 : length, length, scale);
    }
  });

  const bool drops = random != nullptr && !dropout_.is_identity();
  const float* weights = cache.probabilities.data();
  if (drops) {
    cache.scratch = cache.probabilities;
    dropout_.forward(pairs, cache.scratch.data(), cache.mask, *random);
    weights = cache.scratch.data();
  }
  for_each_block(offsets, [&](std::size_t first, std::size_t row, std::size_t rows, std::size_t seen,
                              std::size_t length, std::size_t head, std::size_t base) {
    blas::gemm(blas::kNo, blas::kNo, rows, width, seen, 1, weights + base, length,
               &cache.value[first * dim + head * width], dim, 0, &cache.context[(first + row) * dim + head * width],
               dim);
  });
  output_.forward(parameters, rows_total, cache.context.data(), out);
}

void MultiHeadAttention::backward(const Parameters& parameters, std::span<const std::uint32_t> offsets,
                                  const float* queries, const float* keys, const float* dout, float* dqueries,
                                  float* dkeys, Cache& cache, Gradients& gradients, bool training) const {
  const std::size_t dim = query_.in();
  const std::size_t width = dim / heads_;
  const std::size_t rows_total = offsets.back();
  const std::size_t pairs = cache.probabilities.size();
  const bool drops = training && !dropout_.is_identity();

  for (auto* array : {&cache.dquery, &cache.dkey, &cache.dvalue, &cache.dcontext}) array->resize(rows_total * dim);
  cache.dscores.resize(pairs);
  std::vector<float>& dquery = cache.dquery;
  std::vector<float>& dkey = cache.dkey;
  std::vector<float>& dvalue = cache.dvalue;
  std::vector<float>& dcontext = cache.dcontext;
  std::vector<float>& dscores = cache.dscores;
  std::fill(dkey.begin(), dkey.end(), 0.0F);
  std::fill(dvalue.begin(), dvalue.end(), 0.0F);
  output_.backward(parameters, rows_total, cache.context.data(), dout, dcontext.data(), gradients);

  // Values: dV = weights^T dcontext, with the weights after dropout (still in scratch from forward()).
  const float* weights = drops ? cache.scratch.data() : cache.probabilities.data();
  for_each_block(offsets, [&](std::size_t first, std::size_t row, std::size_t rows, std::size_t seen,
                              std::size_t length, std::size_t head, std::size_t base) {
    const float* dblock = &dcontext[(first + row) * dim + head * width];
    blas::gemm(blas::kTranspose, blas::kNo, seen, width, rows, 1, weights + base, length, dblock, dim, 1,
               &dvalue[first * dim + head * width], dim);
    blas::gemm(blas::kNo, blas::kTranspose, rows, seen, width, 1, dblock, dim, &cache.value[first * dim + head * width],
               dim, 0, &dscores[base], length);
  });
  if (drops) dropout_.backward(pairs, dscores.data(), cache.mask);

  // Through the softmax, then into queries and keys.
  const float scale = 1 / std::sqrt(static_cast<float>(width));
  for_each_block(offsets, [&](std::size_t first, std::size_t row, std::size_t rows, std::size_t seen,
                              std::size_t length, std::size_t head, std::size_t base) {
    for (std::size_t i = 0; i < rows; ++i) {
      const float* p = &cache.probabilities[base + i * length];
      float* d = &dscores[base + i * length];
      float inner = 0;
      for (std::size_t j = 0; j < seen; ++j) inner += p[j] * d[j];
      for (std::size_t j = 0; j < seen; ++j) d[j] = scale * p[j] * (d[j] - inner);
    }
    blas::gemm(blas::kNo, blas::kNo, rows, width, seen, 1, &dscores[base], length,
               &cache.key[first * dim + head * width], dim, 0, &dquery[(first + row) * dim + head * width], dim);
    blas::gemm(blas::kTranspose, blas::kNo, seen, width, rows, 1, &dscores[base], length,
               &cache.query[(first + row) * dim + head * width], dim, 1, &dkey[first * dim + head * width], dim);
  });

  query_.backward(parameters, rows_total, queries, dquery.data(), dqueries, gradients);
  key_.backward(parameters, rows_total, keys, dkey.data(), dkeys, gradients, dkeys == dqueries);
  value_.backward(parameters, rows_total, keys, dvalue.data(), dkeys, gradients, true);
}

}  // namespace tamis::models::nn
