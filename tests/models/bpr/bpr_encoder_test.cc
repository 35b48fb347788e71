#include "models/bpr/bpr_encoder.h"

#include <gmock/gmock.h>

#include <numeric>

#include "../random_interactions.h"
#include "../temporary_directory.h"
#include "models/bpr/bpr_fold_in.h"
#include "models/bpr/bpr_options.h"
#include "models/kinds/encoder_kinds.h"

namespace tamis::models {
namespace {

using testing::ElementsAreArray;
using testing::FloatNear;
using testing::Pointwise;

double dot(std::span<const float> a, std::span<const float> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// By the definition: the gradient of the surrogate, with E over the other item written out, is zero at the solution.
TEST(BprFoldIn, MinimisesTheSquareLossOfAllComparisons) {
  const std::vector<float> items = {0.9F, 0.1F, -0.4F, 0.8F, 0.3F, -0.7F, -0.2F, 0.5F, 0.6F, 0.6F};
  constexpr double kRidge = 0.2;
  const BprFoldIn fold_in(items, 2, kRidge);
  const std::vector<std::uint32_t> history = {1, 4};
  std::vector<float> p(2);
  ASSERT_TRUE(fold_in.solve(history, p));
  double mean[2] = {0, 0};
  for (std::size_t i = 0; i < 10; ++i) mean[i % 2] += items[i] / 5.0;
  double spread = 0;
  for (std::size_t i = 0; i < 10; ++i) spread += (items[i] - mean[i % 2]) * (items[i] - mean[i % 2]) / 10.0;
  double gradient[2] = {2 * kRidge * spread * p[0], 2 * kRidge * spread * p[1]};
  for (const std::uint32_t i : history) {
    for (std::size_t j = 0; j < 5; ++j) {
      const double difference[2] = {items[2 * i] - items[2 * j], items[2 * i + 1] - items[2 * j + 1]};
      const double miss = 1 - p[0] * difference[0] - p[1] * difference[1];
      for (int d = 0; d < 2; ++d) gradient[d] -= 2 * miss * difference[d] / (2 * 5);
    }
  }
  EXPECT_NEAR(gradient[0], 0, 1e-5);
  EXPECT_NEAR(gradient[1], 0, 1e-5);
}

class BprEncoderTest : public testing::Test {
 protected:
  void SetUp() override {
    for (std::uint32_t user = 0; user < matrix_.rows; ++user)
      for (const std::uint32_t item : matrix_.row_columns(user)) events_.push_back({.user = user, .item = item});
    const TrainingData data{.users = 60, .items = 40, .events = events_};
    const auto settings = resolve_settings(bpr_table(), {{"dim", "8"}, {"epochs", "20"}, {"batch", "64"}});
    auto trained = find_encoder_kind("bpr")->train(data, *settings, {.threads = 1});
    ASSERT_TRUE(trained.is_ok()) << trained.status().to_string();
    encoder_ = std::move(trained).value();
  }
  std::span<const float> item(std::uint32_t row) const { return encoder_->item_vectors().subspan(row * 8, 8); }

  const InteractionMatrix matrix_ = random_interactions(60, 40, 8, 1);
  std::vector<TimedInteraction> events_;
  std::unique_ptr<Encoder> encoder_;
  TemporaryDirectory directory_;
};

TEST_F(BprEncoderTest, AStrangerIsPlacedByTheHistory) {
  const HistoryEvent even[] = {{.item = 2}, {.item = 8}, {.item = 14}, {.item = 30}};
  std::vector<float> user(8);
  ASSERT_TRUE(encoder_->embed_user({.history = even}, user).is_ok());
  double even_score = 0;
  double odd_score = 0;
  for (std::uint32_t row = 0; row < 40; ++row) (row % 2 == 0 ? even_score : odd_score) += dot(user, item(row));
  EXPECT_GT(even_score, odd_score + 1);
}

TEST_F(BprEncoderTest, WithoutAHistoryTheTrainedFactorAnswers) {
  std::vector<float> out(8);
  ASSERT_TRUE(encoder_->embed_user({.row = 3}, out).is_ok());
  EXPECT_THAT(out, ElementsAreArray(encoder_->user_vectors().subspan(24, 8)));
  EXPECT_EQ(encoder_->embed_user({}, out).code(), StatusCode::kFailedPrecondition);
}

TEST_F(BprEncoderTest, SharesSumToTheScore) {
  const HistoryEvent history[] = {{.item = 3, .weight = 1}, {.item = 5}, {.item = 3, .weight = 3}};
  std::vector<float> user(8);
  ASSERT_TRUE(encoder_->embed_user({.history = history}, user).is_ok());
  double shares[3] = {};
  ASSERT_TRUE(encoder_->explain({.history = history}, 11, shares));
  EXPECT_NEAR(shares[0] + shares[1] + shares[2], dot(user, item(11)), 1e-4);
  EXPECT_NEAR(shares[2], 3 * shares[0], 1e-9);
}

TEST_F(BprEncoderTest, IsSavedAndLoadedWithoutChange) {
  TensorWriter writer;
  encoder_->add_tensors(writer);
  const auto path = directory_.path() / "bpr.safetensors";
  ASSERT_TRUE(writer.write(path).is_ok());
  const auto tensors = TensorReader::open(path);
  const Settings settings = encoder_->settings();
  const auto loaded = BprEncoder::load({.shape = encoder_->shape(), .settings = settings, .tensors = *tensors});
  ASSERT_TRUE(loaded.is_ok()) << loaded.status().to_string();
  const HistoryEvent history[] = {{.item = 3}, {.item = 7}};
  std::vector<float> before(8);
  std::vector<float> after(8);
  ASSERT_TRUE(encoder_->embed_user({.history = history}, before).is_ok());
  ASSERT_TRUE((*loaded)->embed_user({.history = history}, after).is_ok());
  EXPECT_EQ(before, after);
  EncoderShape shape = encoder_->shape();
  shape.users += 1;
  EXPECT_FALSE(BprEncoder::load({.shape = shape, .settings = settings, .tensors = *tensors}).is_ok());
  shape = encoder_->shape();
  shape.metric = Metric::kCosine;
  EXPECT_EQ(BprEncoder::load({.shape = shape, .settings = settings, .tensors = *tensors}).status().field(), "metric");
}

}  // namespace
}  // namespace tamis::models
