// Every layer's backward pass against finite differences, and forward passes against hand-computed values.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "models/nn/activation.h"
#include "models/nn/attention.h"
#include "models/nn/dropout.h"
#include "models/nn/layer_norm.h"
#include "models/nn/linear.h"
#include "models/nn/softmax_loss.h"
#include "models/nn/transformer_block.h"
#include "models/nn/vector_math.h"
#include "tests/models/nn/gradient_check.h"

namespace tamis::models::nn {
namespace {

TEST(VectorMath, ExponentialIsAccurate) {
  for (double x = -86; x < 86; x += 0.0137) {
    const double exact = std::exp(static_cast<double>(static_cast<float>(x)));
    EXPECT_NEAR(fast_exp(static_cast<float>(x)) / exact, 1, 4e-7) << x;
  }
  EXPECT_LT(fast_exp(-1000), 1e-37F);
  EXPECT_TRUE(std::isfinite(fast_exp(1000)));
}

TEST(Linear, GradientsMatchFiniteDifferences) {
  Random random(1);
  Parameters parameters;
  const Linear layer(parameters, "linear", 5, 3, random);
  auto x = random_vector(4 * 5, random);
  const auto weights = random_vector(4 * 3, random);
  const auto loss = [&] {
    std::vector<float> y(4 * 3);
    layer.forward(parameters, 4, x.data(), y.data());
    return weighted_sum(y, weights);
  };
  Gradients gradients(parameters);
  std::vector<float> dx(x.size());
  layer.backward(parameters, 4, x.data(), weights.data(), dx.data(), gradients);
  expect_gradient("x", x, dx, loss, random);
  expect_gradient("parameters", parameters.values(), gradients.values(), loss, random);
}

TEST(LayerNorm, NormalizesAndGradientsMatch) {
  Random random(2);
  Parameters parameters;
  const LayerNorm layer(parameters, "norm", 6);
  auto x = random_vector(3 * 6, random, 2);
  const auto weights = random_vector(3 * 6, random);
  LayerNorm::Cache cache;
  std::vector<float> y(x.size());
  layer.forward(parameters, 3, x.data(), y.data(), cache);
  EXPECT_NEAR(std::accumulate(y.begin(), y.begin() + 6, 0.0), 0, 1e-5);
  EXPECT_NEAR(std::inner_product(y.begin(), y.begin() + 6, y.begin(), 0.0), 6, 1e-4);

  const auto loss = [&] {
    LayerNorm::Cache scratch;
    std::vector<float> out(x.size());
    layer.forward(parameters, 3, x.data(), out.data(), scratch);
    return weighted_sum(out, weights);
  };
  Gradients gradients(parameters);
  std::vector<float> dx(x.size());
  layer.backward(parameters, 3, weights.data(), dx.data(), cache, gradients);
  expect_gradient("x", x, dx, loss, random);
  expect_gradient("parameters", parameters.values(), gradients.values(), loss, random);
}

TEST(Activation, ValuesAndGradientsMatch) {
  Random random(3);
  // GELU(1) = 0.8412 and GELU(-1) = -0.1588 in the tanh form; sigmoid(1) = 0.7311.
  const float inputs[] = {1, -1};
  float outputs[2];
  activate(Activation::kGelu, 2, inputs, outputs);
  EXPECT_NEAR(outputs[0], 0.8412F, 1e-4);
  EXPECT_NEAR(outputs[1], -0.1588F, 1e-4);
  activate(Activation::kSigmoid, 1, inputs, outputs);
  EXPECT_NEAR(outputs[0], 0.7311F, 1e-4);

  for (const auto activation : {Activation::kRelu, Activation::kGelu, Activation::kSigmoid}) {
    auto x = random_vector(50, random);
    for (float& value : x) value += value > 0 ? 0.1F : -0.1F;  // away from ReLU's corner
    const auto weights = random_vector(50, random);
    std::vector<float> dx(50);
    activate_backward(activation, 50, x.data(), weights.data(), dx.data());
    expect_gradient(
        "x", x, dx,
        [&] {
          std::vector<float> y(50);
          activate(activation, 50, x.data(), y.data());
          return weighted_sum(y, weights);
        },
        random);
  }
}

TEST(Dropout, KeepsTheExpectationAndItsMask) {
  Random random(4);
  const Dropout dropout(0.3F);
  std::vector<float> x(100'001, 1.0F);
  Dropout::Mask mask;
  dropout.forward(x.size(), x.data(), mask, random);
  const double mean = std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
  EXPECT_NEAR(mean, 1.0, 0.01);
  std::vector<float> dx(x.size(), 1.0F);
  dropout.backward(dx.size(), dx.data(), mask);
  EXPECT_EQ(dx, x);
}

class AttentionTest : public testing::TestWithParam<AttentionMask> {};

TEST_P(AttentionTest, GradientsMatchFiniteDifferences) {
  Random random(5);
  Parameters parameters;
  constexpr std::size_t kDim = 6;
  const MultiHeadAttention attention(parameters, "attention", kDim, 2, GetParam(), 0, random, 0.5F);
  const std::vector<std::uint32_t> offsets = {0, 3, 4, 9};
  auto queries = random_vector(9 * kDim, random);
  auto keys = random_vector(9 * kDim, random);
  const auto weights = random_vector(9 * kDim, random);
  const auto loss = [&] {
    MultiHeadAttention::Cache cache;
    std::vector<float> out(9 * kDim);
    attention.forward(parameters, offsets, queries.data(), keys.data(), out.data(), cache, nullptr);
    return weighted_sum(out, weights);
  };
  MultiHeadAttention::Cache cache;
  std::vector<float> out(9 * kDim), dqueries(9 * kDim), dkeys(9 * kDim);
  attention.forward(parameters, offsets, queries.data(), keys.data(), out.data(), cache, nullptr);
  Gradients gradients(parameters);
  attention.backward(parameters, offsets, queries.data(), keys.data(), weights.data(), dqueries.data(), dkeys.data(),
                     cache, gradients, false);
  expect_gradient("queries", queries, dqueries, loss, random);
  expect_gradient("keys", keys, dkeys, loss, random);
  expect_gradient("parameters", parameters.values(), gradients.values(), loss, random, 150);
}
INSTANTIATE_TEST_SUITE_P(Masks, AttentionTest, testing::Values(AttentionMask::kNone, AttentionMask::kCausal));

TEST(Attention, CausalPositionsDoNotSeeTheFuture) {
  Random random(6);
  Parameters parameters;
  const MultiHeadAttention attention(parameters, "attention", 4, 1, AttentionMask::kCausal, 0, random, 0.5F);
  const std::vector<std::uint32_t> offsets = {0, 130};  // more than one block of rows
  auto x = random_vector(130 * 4, random);
  MultiHeadAttention::Cache cache;
  std::vector<float> before(x.size()), after(x.size());
  attention.forward(parameters, offsets, x.data(), x.data(), before.data(), cache, nullptr);
  for (std::size_t i = 100 * 4; i < x.size(); ++i) x[i] += 1;
  attention.forward(parameters, offsets, x.data(), x.data(), after.data(), cache, nullptr);
  for (std::size_t i = 0; i < 100 * 4; ++i) ASSERT_EQ(before[i], after[i]) << i;
  EXPECT_NE(before.back(), after.back());
}

class TransformerBlockTest : public testing::TestWithParam<NormPlacement> {};

TEST_P(TransformerBlockTest, GradientsMatchFiniteDifferences) {
  Random random(7);
  Parameters parameters;
  const TransformerBlockOptions options{.dim = 6,
                                        .inner = 8,
                                        .heads = 2,
                                        .mask = AttentionMask::kCausal,
                                        .norm = GetParam(),
                                        .activation = Activation::kGelu,
                                        .dropout = 0.25F,
                                        .stddev = 0.4F};
  const TransformerBlock block(parameters, "block", options, random);
  const std::vector<std::uint32_t> offsets = {0, 4, 9};
  auto input = random_vector(9 * 6, random);
  const auto weights = random_vector(9 * 6, random);
  constexpr std::uint64_t kMaskSeed = 99;  // the same dropout masks at every evaluation
  const auto loss = [&] {
    Random masks(kMaskSeed);
    TransformerBlock::Cache cache;
    auto x = input;
    block.forward(parameters, offsets, x.data(), cache, &masks);
    return weighted_sum(x, weights);
  };
  Random masks(kMaskSeed);
  TransformerBlock::Cache cache;
  auto x = input;
  block.forward(parameters, offsets, x.data(), cache, &masks);
  Gradients gradients(parameters);
  auto dx = weights;
  block.backward(parameters, offsets, dx.data(), cache, gradients, true);
  expect_gradient("input", input, dx, loss, random);
  expect_gradient("parameters", parameters.values(), gradients.values(), loss, random, 200);
}
INSTANTIATE_TEST_SUITE_P(Norms, TransformerBlockTest,
                         testing::Values(NormPlacement::kSasRec, NormPlacement::kPre, NormPlacement::kPost));

TEST(SoftmaxLoss, GradientsMatchFiniteDifferences) {
  Random random(8);
  constexpr std::size_t kRows = 40, kDim = 5, kClasses = 9;
  auto x = random_vector(kRows * kDim, random);
  auto embeddings = random_vector(kClasses * kDim, random);
  const auto offsets = random_vector(kClasses, random);
  std::vector<std::uint32_t> targets(kRows);
  for (auto& target : targets) target = random.below(kClasses);
  const SoftmaxLossOptions options{.dim = kDim, .classes = kClasses, .inverse_temperature = 1.5F};
  std::vector<float> dx(x.size()), dembeddings(embeddings.size(), 0.0F);
  const double value = softmax_loss(options, kRows, x.data(), embeddings.data(), targets, offsets.data(), 1, dx.data(),
                                    dembeddings.data());
  const auto loss = [&] {  // straight from the definition
    double sum = 0;
    for (std::size_t row = 0; row < kRows; ++row) {
      double normalizer = 0, target_score = 0;
      for (std::size_t c = 0; c < kClasses; ++c) {
        double score = offsets[c];
        for (std::size_t j = 0; j < kDim; ++j) score += 1.5 * x[row * kDim + j] * embeddings[c * kDim + j];
        normalizer += std::exp(score);
        if (c == targets[row]) target_score = score;
      }
      sum += std::log(normalizer) - target_score;
    }
    return sum;
  };
  EXPECT_NEAR(value, loss(), 1e-3);
  expect_gradient("x", x, dx, loss, random, 60, 1e-2);
  expect_gradient("embeddings", embeddings, dembeddings, loss, random, 60, 1e-2);
}

}  // namespace
}  // namespace tamis::models::nn
