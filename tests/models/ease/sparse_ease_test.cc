#include "models/ease/sparse_ease.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "../random_interactions.h"
#include "models/ease/ease_history_model.h"

namespace tamis::models {
namespace {

using testing::FloatNear;
using testing::Pointwise;

// B [items, items], row-major.
std::vector<float> dense(const SparseRows& rows, std::size_t items) {
  std::vector<float> weights(items * items);
  for (std::size_t row = 0; row < items; ++row) {
    for (std::uint64_t n = rows.offsets[row]; n < rows.offsets[row + 1]; ++n)
      weights[row * items + rows.column[n]] = rows.weight[n];
  }
  return weights;
}

// The reference: dense, in double, by Gaussian elimination.
class DenseGram {
 public:
  DenseGram(const InteractionMatrix& interactions, const EaseOptions& options)
      : items_(interactions.columns), lambda_(options.regularization), gram_(items_ * items_) {
    for (std::uint32_t user = 0; user < interactions.rows; ++user) {
      const auto columns = interactions.row_columns(user);
      const auto weights = interactions.row_weights(user);
      const auto entry = [&](std::size_t i) { return weights[i] > 0 ? 1.0 : -options.disliked_weight; };
      for (std::size_t i = 0; i < columns.size(); ++i) {
        for (std::size_t j = 0; j < columns.size(); ++j) gram_[columns[i] * items_ + columns[j]] += entry(i) * entry(j);
      }
    }
  }

  double at(std::size_t a, std::size_t b) const { return gram_[a * items_ + b]; }
  std::vector<std::uint32_t> candidates(std::uint32_t item, std::size_t count) const {
    std::vector<std::uint32_t> others;
    for (std::uint32_t other = 0; other < items_; ++other)
      if (other != item && at(item, other) != 0) others.push_back(other);
    const auto gain = [&](std::uint32_t o) { return at(item, o) * at(item, o) / (at(o, o) + lambda_); };
    std::sort(others.begin(), others.end(), [&](auto a, auto b) { return gain(a) > gain(b); });
    others.resize(std::min(count, others.size()));
    return others;
  }
  // The weights of `from` that predict the item.
  std::vector<double> solve(std::uint32_t item, const std::vector<std::uint32_t>& from) const {
    const std::size_t n = from.size();
    std::vector<std::vector<double>> rows(n, std::vector<double>(n + 1));
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) rows[i][j] = at(from[i], from[j]) + (i == j ? lambda_ : 0);
      rows[i][n] = at(from[i], item);
    }
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k < n; ++k) {
        if (k == i) continue;
        const double factor = rows[k][i] / rows[i][i];
        for (std::size_t j = i; j <= n; ++j) rows[k][j] -= factor * rows[i][j];
      }
    }
    std::vector<double> solution;
    for (std::size_t i = 0; i < n; ++i) solution.push_back(rows[i][n] / rows[i][i]);
    return solution;
  }
  // B [items, items] with each item from its best `count` candidates.
  std::vector<float> weights(std::size_t count) const {
    std::vector<float> weights(items_ * items_);
    for (std::uint32_t item = 0; item < items_; ++item) {
      const auto from = candidates(item, count);
      const auto solution = solve(item, from);
      for (std::size_t i = 0; i < from.size(); ++i) weights[from[i] * items_ + item] = static_cast<float>(solution[i]);
    }
    return weights;
  }

 private:
  std::size_t items_;
  double lambda_;
  std::vector<double> gram_;
};

InteractionMatrix with_dislikes(InteractionMatrix interactions) {
  for (std::size_t i = 0; i < interactions.weight.size(); i += 5) interactions.weight[i] *= -1;
  return interactions;
}

TEST(SparseEase, WithAllCandidatesIsTheExactSolution) {
  const InteractionMatrix interactions = random_interactions(400, 40, 15, 6);
  const auto exact = train_ease(interactions, {.regularization = 20}, {});
  const auto sparse = train_ease(interactions, {.regularization = 20, .max_items = 1, .candidates = 39}, {});
  ASSERT_TRUE(exact.is_ok() && sparse.is_ok());
  EXPECT_FALSE(exact->is_sparse());
  ASSERT_TRUE(sparse->is_sparse());
  EXPECT_EQ(sparse->sparse_weights.column.size(), 40 * 39) << "the test needs pairs that all occur";
  EXPECT_THAT(dense(sparse->sparse_weights, 40), Pointwise(FloatNear(1e-4F), exact->weights));
}

TEST(SparseEase, SolvesEachItemFromItsBestCandidates) {
  const InteractionMatrix interactions = with_dislikes(random_interactions(300, 60, 6, 8));
  const EaseOptions options{.regularization = 7, .disliked_weight = 0.3, .candidates = 30};
  const auto rows = train_sparse_ease(interactions, options, {.threads = 2});
  ASSERT_TRUE(rows.is_ok()) << rows.status().to_string();
  EXPECT_THAT(dense(*rows, 60), Pointwise(FloatNear(1e-4F), DenseGram(interactions, options).weights(30)));
}

// Most pairs of items occur often. The entries of G that are left out would make the equations indefinite.
TEST(SparseEase, StaysNearTheSolutionWhereMostOfTheGramMatrixIsLeftOut) {
  const InteractionMatrix interactions = random_interactions(1500, 240, 100, 9);
  const EaseOptions options{.regularization = 1, .candidates = 8};
  const auto rows = train_sparse_ease(interactions, options, {.threads = 2});
  ASSERT_TRUE(rows.is_ok()) << rows.status().to_string();
  const auto weights = dense(*rows, 240);
  const auto expected = DenseGram(interactions, options).weights(8);
  double error = 0;
  double size = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    error += std::pow(weights[i] - expected[i], 2);
    size += std::pow(expected[i], 2);
  }
  EXPECT_LT(std::sqrt(error / size), 0.25);
}

TEST(SparseEase, IsTheSameForAnyNumberOfThreads) {
  const InteractionMatrix interactions = random_interactions(300, 250, 12, 6);
  const EaseOptions options{.max_items = 1, .candidates = 10};
  const auto one = train_ease(interactions, options, {.threads = 1});
  const auto four = train_ease(interactions, options, {.threads = 4});
  ASSERT_TRUE(one.is_ok() && four.is_ok());
  EXPECT_EQ(one->sparse_weights.offsets, four->sparse_weights.offsets);
  EXPECT_EQ(one->sparse_weights.column, four->sparse_weights.column);
  EXPECT_EQ(one->sparse_weights.weight, four->sparse_weights.weight);
}

TEST(SparseEase, LongHistoriesAreSampled) {
  const InteractionMatrix interactions = random_interactions(100, 50, 20, 3);
  const auto limited = train_sparse_ease(interactions, {.max_row_length = 5}, {});
  const auto sampled = train_sparse_ease(sample_rows(interactions, 5), {}, {});
  ASSERT_TRUE(limited.is_ok() && sampled.is_ok());
  EXPECT_EQ(limited->weight, sampled->weight);
  EXPECT_NE(limited->weight.size(), train_sparse_ease(interactions, {.max_row_length = 0}, {})->weight.size());
}

TEST(SparseEase, StopsWhenCancelled) {
  const InteractionMatrix interactions = random_interactions(100, 50, 20, 3);
  std::atomic<bool> cancelled{true};
  TrainControl control{.threads = 2, .report = {}, .cancelled = &cancelled};
  EXPECT_EQ(train_ease(interactions, {.max_items = 10}, control).status().code(), StatusCode::kUnavailable);
  cancelled = false;
  control.report = [&](double, std::string_view) { cancelled = true; };  // between its two steps
  EXPECT_EQ(train_ease(interactions, {.max_items = 10}, control).status().code(), StatusCode::kUnavailable);
}

TEST(SparseEase, IsServedAndSaysSo) {
  const InteractionMatrix interactions = random_interactions(100, 50, 20, 3);
  const auto trained = train_ease(interactions, {.regularization = 5, .max_items = 10, .candidates = 12}, {});
  ASSERT_TRUE(trained.is_ok());
  const std::vector<std::uint32_t> history = {2, 8, 30};
  const std::vector<float> weights = {1, 2, -1};
  std::vector<float> scores(50);
  score_ease(*trained, history, scores, std::vector<float>{1, 1, -0.5F});
  const EaseHistoryModel served(*trained, 100, 0);
  const auto found = served.recommend(history, weights, 50, {});
  ASSERT_GE(found.size(), 10);
  for (const ScoredId& item : found) EXPECT_NEAR(item.score, scores[item.id], 1e-5);
  EXPECT_EQ(served.settings().at("candidates"), "12");
  const auto exact = train_ease(interactions, {.regularization = 5}, {});
  EXPECT_FALSE(EaseHistoryModel(*exact, 100, 0).settings().contains("candidates"));
}

}  // namespace
}  // namespace tamis::models
