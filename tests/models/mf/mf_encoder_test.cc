#include "models/mf/mf_encoder.h"

#include <gmock/gmock.h>

#include <numeric>

#include "../temporary_directory.h"
#include "common/random.h"
#include "models/kinds/encoder_kinds.h"
#include "models/mf/mf_options.h"

namespace tamis::models {
namespace {

using testing::ElementsAreArray;

constexpr std::uint32_t kUsers = 40;
constexpr std::uint32_t kItems = 30;

// Even users give even items 5 and odd ones 1, odd users the other way round; item 29 is only ever viewed.
class MfEncoderTest : public testing::Test {
 protected:
  void SetUp() override {
    Random random(3);
    for (std::uint32_t user = 0; user < kUsers; ++user) {
      for (std::uint32_t item = 0; item + 1 < kItems; ++item) {
        if (random.uniform() < 0.4)
          events_.push_back({.user = user, .item = item, .rating = item % 2 == user % 2 ? 5.0F : 1.0F});
      }
      events_.push_back({.user = user, .item = kItems - 1});
    }
    auto trained = train({{"dim", "3"}, {"epochs", "80"}, {"learning_rate", "0.03"}, {"regularization", "0.02"}});
    ASSERT_TRUE(trained.is_ok()) << trained.status().to_string();
    encoder_ = std::move(trained).value();
  }
  Result<std::unique_ptr<Encoder>> train(const Settings& given) const {
    const TrainingData data{.users = kUsers, .items = kItems, .events = events_, .ratings = events_};
    return find_encoder_kind("mf")->train(data, *resolve_settings(mf_table(), given), {.threads = 1});
  }
  double score(std::span<const float> user, std::uint32_t item) const {
    const std::size_t dim = encoder_->shape().dim;
    return std::inner_product(user.begin(), user.end(), encoder_->item_vectors().begin() + item * dim, 0.0);
  }

  std::vector<TimedInteraction> events_;
  std::unique_ptr<Encoder> encoder_;
  TemporaryDirectory directory_;
};

TEST_F(MfEncoderTest, TheBiasIsOneMoreDimension) {
  EXPECT_EQ(encoder_->shape().dim, 4);
  EXPECT_THAT(encoder_->item_vectors().subspan(4 * (kItems - 1), 4), testing::Each(0));  // views teach nothing
  EXPECT_EQ(encoder_->user_vectors()[3], 1);
}

TEST_F(MfEncoderTest, AStrangerIsPlacedByRatingsNotByViews) {
  const HistoryEvent likes_even[] = {
      {.item = 2, .rating = 5}, {.item = 3, .rating = 1}, {.item = 8, .rating = 5}, {.item = 5, .rating = 1}};
  const HistoryEvent likes_odd[] = {
      {.item = 2, .rating = 1}, {.item = 3, .rating = 5}, {.item = 8, .rating = 1}, {.item = 5, .rating = 5}};
  std::vector<float> even(4);
  std::vector<float> odd(4);
  ASSERT_TRUE(encoder_->embed_user({.ratings = likes_even}, even).is_ok());
  ASSERT_TRUE(encoder_->embed_user({.ratings = likes_odd}, odd).is_ok());
  EXPECT_GT(score(even, 10), score(even, 11) + 1);
  EXPECT_GT(score(odd, 11), score(odd, 10) + 1);
  const HistoryEvent views[] = {{.item = 2}, {.item = 3}};
  EXPECT_EQ(encoder_->embed_user({.history = views}, even).code(), StatusCode::kFailedPrecondition);
}

TEST_F(MfEncoderTest, TheNewestRatingOfAnItemCounts) {
  const HistoryEvent changed[] = {{.item = 2, .rating = 1}, {.item = 3, .rating = 2}, {.item = 2, .rating = 5}};
  const HistoryEvent plain[] = {{.item = 3, .rating = 2}, {.item = 2, .rating = 5}};
  std::vector<float> one(4);
  std::vector<float> other(4);
  ASSERT_TRUE(encoder_->embed_user({.ratings = changed}, one).is_ok());
  ASSERT_TRUE(encoder_->embed_user({.ratings = plain}, other).is_ok());
  EXPECT_EQ(one, other);
}

// Folding a user's own ratings in ranks as training did: both solve the same ridge regression.
TEST_F(MfEncoderTest, FoldInStandsWhereTrainingStands) {
  std::vector<HistoryEvent> history;
  for (const TimedInteraction& event : events_)
    if (event.user == 6) history.push_back({.item = event.item, .rating = event.rating});
  std::vector<float> folded(4);
  ASSERT_TRUE(encoder_->embed_user({.ratings = history}, folded).is_ok());
  const auto trained = encoder_->user_vectors().subspan(6 * 4, 4);
  for (std::uint32_t item = 0; item + 1 < kItems; ++item) EXPECT_NEAR(score(folded, item), score(trained, item), 0.4);
}

TEST_F(MfEncoderTest, IsSavedAndLoadedWithoutChange) {
  TensorWriter writer;
  encoder_->add_tensors(writer);
  const auto path = directory_.path() / "mf.safetensors";
  ASSERT_TRUE(writer.write(path).is_ok());
  const auto tensors = TensorReader::open(path);
  const Settings settings = encoder_->settings();
  const auto loaded = MfEncoder::load({.shape = encoder_->shape(), .settings = settings, .tensors = *tensors});
  ASSERT_TRUE(loaded.is_ok()) << loaded.status().to_string();
  EXPECT_THAT((*loaded)->item_vectors(), ElementsAreArray(encoder_->item_vectors()));
  EXPECT_THAT((*loaded)->user_vectors(), ElementsAreArray(encoder_->user_vectors()));
  EncoderShape shape = encoder_->shape();
  shape.items += 1;
  EXPECT_FALSE(MfEncoder::load({.shape = shape, .settings = settings, .tensors = *tensors}).is_ok());
}

TEST_F(MfEncoderTest, SaysSoWhereNothingWasRated) {
  for (TimedInteraction& event : events_) event.rating = kNoRating;
  EXPECT_EQ(train({}).status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace tamis::models
