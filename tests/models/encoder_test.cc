#include "models/encoder.h"

#include <gmock/gmock.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>
#include <thread>

#include "models/epochs.h"
#include "models/kinds/encoder_kinds.h"
#include "models/kinds/model_options.h"
#include "random_interactions.h"
#include "temporary_directory.h"

namespace tamis::models {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

constexpr std::uint32_t kDim = 8;

TEST(TimeLimitTest, CutsShortWhatLearnsInEpochs) {
  const InteractionMatrix matrix = random_interactions(40, 30, 8, 1);
  std::vector<TimedInteraction> events;
  for (std::uint32_t user = 0; user < matrix.rows; ++user)
    for (const std::uint32_t item : matrix.row_columns(user))
      events.push_back({.user = user, .item = item, .weight = 2, .timestamp_ms = 1'000});
  const TrainingData data{.users = 40, .items = 30, .events = events};
  for (const std::string model : {"bpr", "two_tower", "sasrec"}) {
    const auto table = model_options(model);
    const auto settings = resolve_settings(*table, {{"dim", "8"}, {"epochs", "10000"}, {"max_train_s", "0.001"}});
    ASSERT_TRUE(settings.is_ok()) << settings.status().to_string();
    int reports = 0;
    const TrainControl control{.threads = 1, .report = [&](double, std::string_view) { ++reports; }};
    const auto trained = find_encoder_kind(model)->train(data, *settings, control);
    ASSERT_TRUE(trained.is_ok()) << model << ": " << trained.status().to_string();
    EXPECT_LT(reports, 100) << model;
  }
}

TEST(TimeLimitTest, IsOfTheThreadThatTrainsNotOfAClock) {
  const TimeLimit limit(0.05);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // others have the processor
  EXPECT_FALSE(limit.is_over());
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  bool is_over_elsewhere = false;
  while (!limit.is_over() && std::chrono::steady_clock::now() < give_up) {
  }
  std::thread([&] { is_over_elsewhere = limit.is_over(); }).join();
  EXPECT_TRUE(limit.is_over());
  EXPECT_TRUE(is_over_elsewhere) << "any thread may ask";
}

TEST(TimeLimitTest, WhatItSufficesForDependsOnStepsAlone) {
  EXPECT_EQ(TimeLimit(1e6).share_done(0), 0);
  EXPECT_EQ(TimeLimit(1e6).share_done(0.25), 0.25);
  EXPECT_EQ(TimeLimit().share_done(0.25), 0.25);
  EXPECT_EQ(TimeLimit(1e-9).share_done(0.25), 1);
  EXPECT_TRUE(TimeLimit(1e-9).is_over());
  EXPECT_FALSE(TimeLimit().is_over());
}

class IalsEncoderTest : public testing::Test {
 protected:
  void SetUp() override {
    const InteractionMatrix matrix = random_interactions(40, 30, 8, 1);
    for (std::uint32_t user = 0; user < matrix.rows; ++user)
      for (const std::uint32_t item : matrix.row_columns(user))
        events_.push_back({.user = user, .item = item, .weight = 2, .timestamp_ms = 1'000});
    const TrainingData data{.users = 40, .items = 30, .events = events_};
    const auto table = model_options("ials");
    const auto settings = resolve_settings(*table, {{"dim", std::to_string(kDim)}, {"iterations", "4"}});
    auto trained = find_encoder_kind("ials")->train(data, *settings, {.threads = 1});
    ASSERT_TRUE(trained.is_ok()) << trained.status().to_string();
    encoder_ = std::move(trained).value();
  }

  Result<std::unique_ptr<Encoder>> load(const std::filesystem::path& path, const EncoderShape& shape) {
    TAMIS_ASSIGN_OR_RETURN(const TensorReader tensors, TensorReader::open(path));
    return find_encoder_kind("ials")->load({.shape = shape, .settings = encoder_->settings(), .tensors = tensors});
  }

  std::vector<TimedInteraction> events_;
  std::unique_ptr<Encoder> encoder_;
  TemporaryDirectory directory_;
};

TEST_F(IalsEncoderTest, IsSavedAndLoadedWithoutChange) {
  TensorWriter writer;
  encoder_->add_tensors(writer);
  const auto path = directory_.path() / "ials.safetensors";
  ASSERT_TRUE(writer.write(path).is_ok());
  const auto loaded = load(path, encoder_->shape());
  ASSERT_TRUE(loaded.is_ok()) << loaded.status().to_string();
  EXPECT_THAT((*loaded)->item_vectors(), ElementsAreArray(encoder_->item_vectors()));
  EXPECT_THAT((*loaded)->user_vectors(), ElementsAreArray(encoder_->user_vectors()));
  const HistoryEvent history[] = {{.item = 3, .weight = 1}, {.item = 7, .weight = 4}};
  std::vector<float> before(kDim);
  std::vector<float> after(kDim);
  ASSERT_TRUE(encoder_->embed_user({.history = history}, before).is_ok());
  ASSERT_TRUE((*loaded)->embed_user({.history = history}, after).is_ok());
  EXPECT_EQ(before, after);  // the weight of the zeros came along
}

TEST_F(IalsEncoderTest, RefusesAForeignShapeAndValuesThatAreNotFinite) {
  TensorWriter writer;
  encoder_->add_tensors(writer);
  const auto path = directory_.path() / "ials.safetensors";
  ASSERT_TRUE(writer.write(path).is_ok());
  EncoderShape shape = encoder_->shape();
  shape.items += 1;
  EXPECT_FALSE(load(path, shape).is_ok());

  std::vector<float> users(40 * kDim, 0.5F);
  std::vector<float> items(30 * kDim, 0.5F);
  items[9] = std::numeric_limits<float>::quiet_NaN();
  TensorWriter damaged;
  damaged.add<float>("user_factors", {40, kDim}, users);
  damaged.add<float>("item_factors", {30, kDim}, items);
  ASSERT_TRUE(damaged.write(path).is_ok());
  const auto loaded = load(path, encoder_->shape());
  ASSERT_EQ(loaded.status().code(), StatusCode::kCorruption);
  EXPECT_THAT(loaded.status().message(), HasSubstr("item_factors[9]"));
}

TEST_F(IalsEncoderTest, RepeatedItemsCountTogether) {
  const HistoryEvent repeated[] = {{.item = 3, .weight = 1}, {.item = 5, .weight = 2}, {.item = 3, .weight = 3}};
  const HistoryEvent summed[] = {{.item = 3, .weight = 4}, {.item = 5, .weight = 2}};
  std::vector<float> one(kDim);
  std::vector<float> other(kDim);
  ASSERT_TRUE(encoder_->embed_user({.history = repeated}, one).is_ok());
  ASSERT_TRUE(encoder_->embed_user({.history = summed}, other).is_ok());
  EXPECT_EQ(one, other);
}

TEST_F(IalsEncoderTest, SharesSumToTheScore) {
  const HistoryEvent history[] = {{.item = 3, .weight = 1}, {.item = 5, .weight = 2}, {.item = 3, .weight = 3}};
  std::vector<float> user(kDim);
  ASSERT_TRUE(encoder_->embed_user({.history = history}, user).is_ok());
  const auto item = encoder_->item_vectors().subspan(11 * kDim, kDim);
  double shares[3] = {};
  ASSERT_TRUE(encoder_->explain({.history = history}, 11, shares));
  EXPECT_NEAR(shares[0] + shares[1] + shares[2], std::inner_product(user.begin(), user.end(), item.begin(), 0.0), 1e-5);
  EXPECT_NEAR(shares[2], 3 * shares[0], 1e-9);
}

TEST_F(IalsEncoderTest, AStrangerHasNoPlaceAndNewItemsNeither) {
  std::vector<float> out(kDim);
  EXPECT_EQ(encoder_->embed_user({.row = 1}, out).code(), StatusCode::kFailedPrecondition);
  EXPECT_FALSE(encoder_->embeds_new_items());
  EXPECT_EQ(encoder_->embed_item({}, out).code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace tamis::models
