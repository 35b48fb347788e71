#include "models/ease/ease.h"

#include <gmock/gmock.h>

#include "../random_interactions.h"
#include "../small_interactions.h"

namespace tamis::models {
namespace {

using testing::FloatNear;
using testing::Pointwise;

// The expected weights and scores are NumPy's.
TEST(Ease, WeightsByHand) {
  const auto model = train_ease(small_interactions(), {.regularization = 0.5}, {});
  ASSERT_TRUE(model.is_ok()) << model.status().to_string();
  EXPECT_THAT(model->weights,
              Pointwise(FloatNear(1e-5F),
                        {0.0000000F,  0.7947020F,  0.3892617F,  -0.4720497F, 0.0478088F, 0.5970149F, 0.0000000F,
                         0.0134228F,  0.5093168F,  -0.2231076F, 0.2885572F,  0.0132450F, 0.0000000F, 0.1614907F,
                         0.3266932F,  -0.3781095F, 0.5430464F,  0.1744966F,  0.0000000F, 0.3585657F, 0.0597015F,
                         -0.3708609F, 0.5503356F,  0.5590062F,  0.0000000F}));
  const std::vector<std::uint32_t> history = {0, 3};
  std::vector<float> scores(5, 9.0F);
  score_ease(*model, history, scores);
  EXPECT_THAT(scores, Pointwise(FloatNear(1e-5F), {-0.3781095F, 1.3377483F, 0.5637584F, -0.4720497F, 0.4063745F}));
}

TEST(Ease, IsTheSameForAnyNumberOfThreads) {
  const InteractionMatrix interactions = random_interactions(200, 150, 12, 6);
  const auto one = train_ease(interactions, {}, {.threads = 1});
  const auto four = train_ease(interactions, {}, {.threads = 4});
  ASSERT_TRUE(one.is_ok() && four.is_ok());
  EXPECT_EQ(one->weights, four->weights);
}

TEST(Ease, PredictsAnItemOfALargeCatalogueFromItsCandidates) {
  const auto model = train_ease(
      make_interaction_matrix(2, 3'000'000, {{.row = 0, .column = 5}, {.row = 0, .column = 2'999'999}}), {}, {});
  ASSERT_TRUE(model.is_ok()) << model.status().to_string();
  EXPECT_TRUE(model->is_sparse());
  EXPECT_EQ(model->candidates, 200);
  const std::vector<std::uint32_t> history = {5};
  std::vector<float> scores(model->items, 9.0F);
  score_ease(*model, history, scores);
  EXPECT_FLOAT_EQ(scores[2'999'999], 1.0F / 101);  // one user in common, lambda 100
  EXPECT_EQ(scores[5], 0);
}

TEST(Ease, RefusesOptionsOutOfRange) {
  EXPECT_EQ(validate(EaseOptions{.regularization = 0}).field(), "regularization");
  EXPECT_EQ(validate(EaseOptions{.max_items = 40'001}).field(), "max_items");
  EXPECT_EQ(validate(EaseOptions{.candidates = 0}).field(), "candidates");
  EXPECT_TRUE(validate(EaseOptions{}).is_ok());
}

}  // namespace
}  // namespace tamis::models
