// Embedding tables, bags and their optimisers: gradients against finite differences, steps against plain formulas.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "models/nn/embedding_bag.h"
#include "models/nn/embedding_table.h"
#include "models/nn/sparse_optimizer.h"
#include "models/nn/unit_norm.h"
#include "tests/models/nn/gradient_check.h"

namespace tamis::models::nn {
namespace {

constexpr std::size_t kRows = 7;
constexpr std::size_t kDim = 37;  // more than one block of columns, and an odd tail

Bags some_bags() {
  Bags bags;
  bags.add(3, 0.5F);
  bags.add(1, -2.0F);
  bags.add(3, 1.0F);  // twice in one bag
  bags.end_bag();
  bags.end_bag();  // an empty one
  bags.add(6, 1.0F);
  bags.add(1, 0.25F);
  bags.end_bag();
  return bags;
}

std::vector<float> dense(const SparseGradient& gradient, std::size_t rows) {
  std::vector<float> values(rows * gradient.dim());
  for (std::size_t slot = 0; slot < gradient.touched().size(); ++slot) {
    std::copy_n(gradient.at_slot(static_cast<std::uint32_t>(slot)), gradient.dim(),
                values.data() + gradient.touched()[slot] * gradient.dim());
  }
  return values;
}

TEST(EmbeddingBag, GradientsMatchFiniteDifferences) {
  Random random(1);
  EmbeddingTable table(kRows, kDim, 1, random);
  const Bags bags = some_bags();
  const auto weights = random_vector(bags.size() * kDim, random);
  const auto loss = [&] {
    std::vector<float> out(bags.size() * kDim);
    EXPECT_TRUE(add_bags(table, bags, out.data(), {}).is_ok());
    return weighted_sum(out, weights);
  };
  SparseGradient gradient(kRows, kDim);
  ASSERT_TRUE(add_bags_backward(bags, weights.data(), gradient, {.threads = 2}).is_ok());
  EXPECT_EQ(std::vector<std::uint32_t>(gradient.touched().begin(), gradient.touched().end()),
            (std::vector<std::uint32_t>{3, 1, 6}));
  expect_gradient("table", table.values(), dense(gradient, kRows), loss, random, 200);
}

TEST(EmbeddingBag, AnEmptyBagIsZeroAndAppendScales) {
  const EmbeddingTable table(2, {1, 2, 3, 4});
  Bags two;
  two.add(0, 1);
  two.add(1, 2);
  two.end_bag();
  Bags bags;
  bags.append(two, 0, 0.5F);
  bags.end_bag();
  bags.end_bag();
  std::vector<float> out(4);
  ASSERT_TRUE(add_bags(table, bags, out.data(), {}).is_ok());
  EXPECT_EQ(out, (std::vector<float>{3.5F, 5, 0, 0}));
}

TEST(SparseGradient, ClearForgetsWhatWasTouched) {
  SparseGradient gradient(4, 2);
  gradient.at_slot(gradient.touch(2))[1] = 5;
  gradient.clear();
  EXPECT_TRUE(gradient.touched().empty());
  EXPECT_EQ(gradient.at_slot(gradient.touch(2))[1], 0);
}

// Where every step touches every row, lazy Adam is Adam.
TEST(SparseAdam, EqualsAdamOnDenseGradients) {
  Random random(2);
  Parameters parameters;
  const Slice slice = parameters.add_normal("table", 3, 5, 1, random);
  EmbeddingTable table(5, {parameters.values().begin(), parameters.values().end()});
  const AdamOptions options{.learning_rate = 0.03, .weight_decay = 0.1};
  Adam adam(parameters, options);
  SparseAdam sparse(table, options);
  Gradients gradients(parameters);
  SparseGradient gradient(3, 5);
  for (int step = 0; step < 7; ++step) {
    const auto values = random_vector(15, random);
    std::copy(values.begin(), values.end(), gradients.data(slice));
    gradient.clear();
    for (std::uint32_t row = 3; row-- > 0;) {
      const std::uint32_t slot = gradient.touch(row);
      std::copy_n(values.data() + row * 5, 5, gradient.at_slot(slot));
    }
    adam.step(parameters, gradients);
    ASSERT_TRUE(sparse.step(table, gradient, {}).is_ok());
  }
  for (std::size_t i = 0; i < 15; ++i) EXPECT_NEAR(table.values()[i], parameters.values()[i], 1e-6);
}

TEST(SparseAdam, LeavesUntouchedRowsAlone) {
  EmbeddingTable table(1, {1, 2, 3});
  SparseAdam adam(table, {.learning_rate = 0.5, .weight_decay = 0.1});
  SparseGradient gradient(3, 1);
  *gradient.at_slot(gradient.touch(1)) = 4;
  ASSERT_TRUE(adam.step(table, gradient, {}).is_ok());
  EXPECT_EQ(table.values()[0], 1);
  EXPECT_NEAR(table.values()[1], 2 * 0.95 - 0.5, 1e-5);  // the first step of Adam is the learning rate
  EXPECT_EQ(table.values()[2], 3);
}

TEST(RowAdagrad, DividesByTheRootOfTheRowsMeanSquares) {
  EmbeddingTable table(2, {1, 1, 7, 7});
  RowAdagrad adagrad(table, {.learning_rate = 0.1});
  SparseGradient gradient(2, 2);
  const std::uint32_t slot = gradient.touch(0);
  gradient.at_slot(slot)[0] = 3;
  gradient.at_slot(slot)[1] = 4;
  ASSERT_TRUE(adagrad.step(table, gradient, {}).is_ok());
  const double first = 1 - 0.1 * 3 / std::sqrt(12.5);
  EXPECT_NEAR(table.values()[0], first, 1e-6);
  ASSERT_TRUE(adagrad.step(table, gradient, {}).is_ok());
  EXPECT_NEAR(table.values()[0], first - 0.1 * 3 / std::sqrt(25.0), 1e-6);
  EXPECT_EQ(table.values()[2], 7);
}

TEST(UnitNorm, GradientsMatchFiniteDifferences) {
  Random random(3);
  auto x = random_vector(4 * 6, random);
  const auto weights = random_vector(x.size(), random);
  std::vector<float> norms(4);
  const auto loss = [&] {
    auto y = x;
    std::vector<float> scratch(4);
    normalize_rows(4, 6, y.data(), scratch.data());
    return weighted_sum(y, weights);
  };
  auto y = x;
  normalize_rows(4, 6, y.data(), norms.data());
  auto dx = weights;
  normalize_rows_backward(4, 6, y.data(), norms.data(), dx.data());
  expect_gradient("x", x, dx, loss, random);
}

TEST(UnitNorm, AZeroRowStaysZero) {
  std::vector<float> x(3);
  float norm = 1;
  normalize_rows(1, 3, x.data(), &norm);
  std::vector<float> dx = {1, 2, 3};
  normalize_rows_backward(1, 3, x.data(), &norm, dx.data());
  EXPECT_EQ(x, std::vector<float>(3));
  EXPECT_EQ(dx, std::vector<float>(3));
}

}  // namespace
}  // namespace tamis::models::nn
