#include "ranker/dlrm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "ranker/binary_metrics.h"
#include "ranker/train_dlrm.h"
#include "tests/models/nn/gradient_check.h"
#include "tests/ranker/random_examples.h"

namespace tamis::ranker {
namespace {

using models::nn::expect_gradient;
using models::nn::random_vector;

TEST(Interaction, DotPairsByHandAndGradients) {
  // Vectors (1, 2), (3, 4), (5, 6): products 11, 17, 39.
  std::vector<float> vectors = {1, 2, 3, 4, 5, 6};
  std::vector<float> pairs(3);
  InteractionScratch scratch;
  dot_pairs(3, 2, vectors.data(), pairs.data(), scratch);
  EXPECT_EQ(pairs, (std::vector<float>{11, 17, 39}));

  Random random(1);
  for (const std::size_t count : {2U, 17U, 33U}) {
    constexpr std::size_t kDim = 5;
    vectors = random_vector(count * kDim, random);
    pairs.resize(pair_count(count));
    const auto weights = random_vector(pairs.size(), random);
    const auto loss = [&] {
      dot_pairs(count, kDim, vectors.data(), pairs.data(), scratch);
      return models::nn::weighted_sum(pairs, weights);
    };
    std::vector<float> dvectors(vectors.size(), 0.0F);
    dot_pairs_backward(count, kDim, vectors.data(), weights.data(), dvectors.data());
    expect_gradient("vectors", vectors, dvectors, loss, random);
  }
}

struct Shape {
  Interaction interaction;
  bool batch_norm;
};
class DlrmShapes : public testing::TestWithParam<Shape> {
 protected:
  DlrmOptions options() const {
    return {.dim = 4,
            .bottom = {6},
            .top = {8, 5},
            .interaction = GetParam().interaction,
            .batch_norm = GetParam().batch_norm,
            .embedding_stddev = 0.5F};
  }
};

TEST_P(DlrmShapes, GradientsMatchFiniteDifferences) {
  Random random(2);
  const FeatureSchema schema = mixed_schema();
  const ExampleTable examples = random_examples(schema, 40, random);
  auto model = Dlrm::create(schema, options(), 7);
  ASSERT_TRUE(model.is_ok()) << model.status().to_string();
  for (float& value : model->parameters().values()) value += static_cast<float>(0.1 * random.normal());
  const std::vector<std::uint32_t> rows = {3, 1, 39, 8, 20, 21, 22, 7, 11};
  const auto weights = random_vector(rows.size(), random);
  const models::TrainControl control{.threads = 2};
  const auto loss = [&] {
    Dlrm copy = *model;  // running averages move
    Dlrm::Cache cache;
    EXPECT_TRUE(copy.forward_train(examples, rows, cache, 5, control).is_ok());
    return models::nn::weighted_sum(std::span(cache.top.output(), rows.size()), weights);
  };
  Dlrm::Cache cache;
  Dlrm trained = *model;
  ASSERT_TRUE(trained.forward_train(examples, rows, cache, 5, control).is_ok());
  cache.dlogits = weights;
  models::nn::Gradients gradients(model->parameters());
  ASSERT_TRUE(model->backward(rows.size(), cache, gradients, control).is_ok());
  expect_gradient("parameters", model->parameters().values(), gradients.values(), loss, random, 150, 4e-2);
  for (std::size_t f = 0; f < model->tables().size(); ++f) {
    auto& table = model->tables()[f];
    models::nn::SparseGradient sparse(table.rows(), table.dim());
    model->backward_table(examples, rows, cache, f, sparse);
    std::vector<float> dense(table.values().size(), 0.0F);
    for (std::uint32_t slot = 0; slot < sparse.touched().size(); ++slot)
      std::copy_n(sparse.at_slot(slot), table.dim(), &dense[sparse.touched()[slot] * table.dim()]);
    expect_gradient("table", table.values(), dense, loss, random, 40, 4e-2);
  }
}

TEST_P(DlrmShapes, TrainingDoesNotDependOnThreads) {
  Random random(3);
  const FeatureSchema schema = mixed_schema();
  const ExampleTable train = random_examples(schema, 700, random);
  const ExampleTable valid = random_examples(schema, 300, random);
  DlrmOptions shape = options();
  shape.dropout = 0.3F;
  std::vector<std::vector<float>> weights;
  for (const std::uint32_t threads : {1U, 3U}) {
    auto model = Dlrm::create(schema, shape, 7);
    const auto epochs =
        train_dlrm(*model, train, valid, {.batch = 600, .epochs = 2, .embedding_l2 = 0.01}, {.threads = threads});
    ASSERT_TRUE(epochs.is_ok()) << epochs.status().to_string();
    weights.emplace_back(model->parameters().values().begin(), model->parameters().values().end());
    for (const auto& table : model->tables())
      weights.back().insert(weights.back().end(), table.values().begin(), table.values().end());
  }
  EXPECT_EQ(weights[0], weights[1]);
}

INSTANTIATE_TEST_SUITE_P(Kinds, DlrmShapes,
                         testing::Values(Shape{Interaction::kDot, false}, Shape{Interaction::kCat, true},
                                         Shape{Interaction::kBoth, true}));

// The label is whether two categories agree: no linear model of the two sees it, a product of embeddings does.
ExampleTable agreeing(const FeatureSchema& schema, std::size_t rows, Random& random) {
  ExampleTable table = random_examples(schema, rows, random);
  for (std::size_t row = 0; row < rows; ++row)
    table.labels[row] = table.ids[0].ids[row] % 2 == table.ids[1].ids[row] % 2 ? 1.0F : 0.0F;
  return table;
}

TEST(TrainDlrm, LearnsAProductLazilyAndDensely) {
  const FeatureSchema schema =
      make_schema({id_field("user", FieldSide::kUser, 12), id_field("item", FieldSide::kItem, 12)});
  Random random(4);
  const ExampleTable train = agreeing(schema, 4000, random);
  const ExampleTable valid = agreeing(schema, 1000, random);
  for (const bool lazy : {true, false}) {
    auto model = Dlrm::create(schema, {.dim = 8, .top = {16}, .embedding_stddev = 0.3F}, 1);
    const auto epochs = train_dlrm(*model, train, valid,
                                   {.learning_rate = 0.01, .batch = 128, .epochs = 8, .patience = 0, .lazy = lazy}, {});
    ASSERT_TRUE(epochs.is_ok());
    EXPECT_LT(epochs->back().loss, epochs->front().loss);
    std::vector<float> logits(valid.rows);
    ASSERT_TRUE(score_examples(*model, valid, logits, {}).is_ok());
    EXPECT_GT(area_under_curve(valid.labels, logits), 0.97) << "lazy " << lazy;
  }
}

TEST(TrainDlrm, KeepsTheBestEpochAndStops) {
  const FeatureSchema schema = mixed_schema();
  Random random(6);
  const ExampleTable train = random_examples(schema, 300, random);
  const ExampleTable valid = random_examples(schema, 200, random);  // labels are noise: it soon gets no better
  auto model = Dlrm::create(schema, {.dim = 4, .top = {8}}, 1);
  const auto epochs =
      train_dlrm(*model, train, valid, {.learning_rate = 0.05, .batch = 64, .epochs = 50, .patience = 3}, {});
  ASSERT_TRUE(epochs.is_ok());
  EXPECT_LT(epochs->size(), 50U);
  double best = 0;
  for (const DlrmEpoch& epoch : *epochs) best = std::max(best, epoch.valid_auc);
  EXPECT_EQ((*epochs)[epochs->size() - 4].valid_auc, best);
  std::vector<float> logits(valid.rows);
  ASSERT_TRUE(score_examples(*model, valid, logits, {}).is_ok());
  EXPECT_EQ(area_under_curve(valid.labels, logits), best);
}

TEST(TrainDlrm, StopsWhenCancelledAndRefusesBadData) {
  const FeatureSchema schema = mixed_schema();
  Random random(8);
  const ExampleTable good = random_examples(schema, 50, random);
  auto model = Dlrm::create(schema, {}, 1);
  const std::atomic<bool> cancelled = true;
  EXPECT_EQ(train_dlrm(*model, good, good, {}, {.cancelled = &cancelled}).status().code(), StatusCode::kUnavailable);
  ExampleTable bad = good;
  bad.ids[0].ids[0] = 1000;
  EXPECT_EQ(train_dlrm(*model, good, bad, {}, {}).status().code(), StatusCode::kInvalidArgument);
  bad = good;
  bad.labels.clear();
  EXPECT_EQ(train_dlrm(*model, bad, good, {}, {}).status().code(), StatusCode::kInvalidArgument);
}

TEST(Dlrm, RefusesOptionsOutOfRange) {
  const FeatureSchema schema = mixed_schema();
  EXPECT_EQ(Dlrm::create(schema, {.dim = 0}, 1).status().field(), "dim");
  EXPECT_EQ(Dlrm::create(schema, {.top = {}}, 1).status().field(), "top");
  EXPECT_EQ(Dlrm::create(schema, {.bottom = {0}}, 1).status().field(), "bottom");
  EXPECT_EQ(Dlrm::create(schema, {.dropout = 1}, 1).status().field(), "dropout");
  EXPECT_EQ(Dlrm::create(make_schema({id_field("a", FieldSide::kUser, 2)}), {}, 1).status().field(), "interaction");
}

}  // namespace
}  // namespace tamis::ranker
