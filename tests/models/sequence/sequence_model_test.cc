// SASRec and BERT4Rec as encoders of a database: learned from events, saved, loaded, asked.
#include "models/sequence/sequence_model.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <thread>

#include "models/sequence/sequence_options.h"
#include "tests/models/temporary_directory.h"

namespace tamis::models {
namespace {

constexpr std::uint32_t kUsers = 60;
constexpr std::uint32_t kItems = 13;  // the last is never met
constexpr std::uint32_t kDim = 16;

// Walks around a ring of twelve items, as events in the order of time.
std::vector<TimedInteraction> ring_events() {
  std::vector<TimedInteraction> events;
  for (std::uint32_t step = 0; step < 12; ++step) {
    for (std::uint32_t user = 0; user < kUsers; ++user) {
      if (step < 5 + user % 7) events.push_back({.user = user, .item = (user + step) % 12, .timestamp_ms = step});
    }
  }
  return events;
}

class SequenceModelTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    static std::map<std::string, std::unique_ptr<Encoder>> trained;  // once per kind
    std::unique_ptr<Encoder>& encoder = trained[GetParam()];
    if (encoder == nullptr) encoder = train(GetParam());
    ASSERT_NE(encoder, nullptr);
    encoder_ = encoder.get();
  }
  static std::unique_ptr<Encoder> train(const std::string& kind) {
    const auto events = ring_events();
    TrainingData data;
    data.users = kUsers;
    data.items = kItems;
    data.events = events;
    // Validated at the end alone: the last weights are kept.
    const std::string epochs = kind == "sasrec" ? "120" : "500";
    Settings given = {{"dim", "16"},        {"inner", "16"},           {"heads", "2"},     {"blocks", "1"},
                      {"max_length", "10"}, {"batch", "16"},           {"epochs", epochs}, {"learning_rate", "0.005"},
                      {"dropout", "0.1"},   {"validate_every", epochs}};
    if (kind == "bert4rec") given["last_mask_probability"] = "0.5";
    const auto settings = resolve_settings(sequence_model_options(kind), given);
    EXPECT_TRUE(settings.is_ok()) << settings.status().to_string();
    if (!settings.is_ok()) return nullptr;
    auto trained = (kind == "sasrec" ? train_sasrec : train_bert4rec)(data, *settings, {});
    EXPECT_TRUE(trained.is_ok()) << trained.status().to_string();
    return trained.is_ok() ? *std::move(trained) : nullptr;
  }
  static std::vector<float> embed(const Encoder& encoder, const std::vector<std::uint32_t>& items) {
    std::vector<HistoryEvent> history;
    for (const std::uint32_t item : items) history.push_back({.item = item});
    UserInput user;
    user.history = history;
    std::vector<float> out(kDim, 99.0F);
    EXPECT_TRUE(encoder.embed_user(user, out).is_ok());
    return out;
  }
  Result<std::unique_ptr<Encoder>> load(const EncoderShape& shape, const Settings& settings) const {
    TensorWriter writer;
    encoder_->add_tensors(writer);
    TAMIS_RETURN_IF_ERROR(writer.write(directory_.path() / "model.safetensors"));
    TAMIS_ASSIGN_OR_RETURN(const TensorReader tensors, TensorReader::open(directory_.path() / "model.safetensors"));
    return SequenceModel::load({.shape = shape, .settings = settings, .tensors = tensors});
  }

  TemporaryDirectory directory_;
  const Encoder* encoder_ = nullptr;
};

TEST_P(SequenceModelTest, FollowsTheOrderOfTheHistory) {
  for (std::uint32_t last = 2; last < 12; ++last) {
    const std::vector<float> user = embed(*encoder_, {last - 2, last - 1, last});
    std::vector<float> scores(kItems, 0.0F);
    for (std::uint32_t item = 0; item < kItems; ++item) {
      for (std::uint32_t j = 0; j < kDim; ++j) scores[item] += user[j] * encoder_->item_vectors()[item * kDim + j];
    }
    EXPECT_EQ(std::max_element(scores.begin(), scores.end()) - scores.begin(), (last + 1) % 12) << last;
  }
}

TEST_P(SequenceModelTest, KnowsNothingOfAnItemWithoutEvents) {
  EXPECT_THAT(encoder_->item_vectors().last(kDim), testing::Each(0.0F));
  std::vector<float> out(kDim);
  EXPECT_EQ(encoder_->embed_user({}, out).code(), StatusCode::kFailedPrecondition);
}

TEST_P(SequenceModelTest, ComesBackFromItsFile) {
  const auto loaded = load(encoder_->shape(), encoder_->settings());
  ASSERT_TRUE(loaded.is_ok()) << loaded.status().to_string();
  EXPECT_EQ(embed(**loaded, {3, 4, 5, 6}), embed(*encoder_, {3, 4, 5, 6}));
  EXPECT_THAT((*loaded)->item_vectors(), testing::ElementsAreArray(encoder_->item_vectors()));
}

TEST_P(SequenceModelTest, RefusesAFileThatDoesNotFit) {
  EncoderShape wider = encoder_->shape();
  wider.dim = 2 * kDim;
  EXPECT_FALSE(load(wider, encoder_->settings()).is_ok());
  Settings deeper = encoder_->settings();
  deeper["blocks"] = "2";
  EXPECT_FALSE(load(encoder_->shape(), deeper).is_ok());
  Settings uneven = encoder_->settings();
  uneven["heads"] = "3";
  EXPECT_EQ(load(encoder_->shape(), uneven).status().code(), StatusCode::kInvalidArgument);
}

TEST_P(SequenceModelTest, AnswersManyThreadsAtOnce) {
  const std::vector<float> expected = embed(*encoder_, {1, 2, 3});
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < 50; ++i) {
        embed(*encoder_, {i % 12, 5, 7, 9});  // another history through the same scratch
        if (embed(*encoder_, {1, 2, 3}) != expected) ++wrong[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, testing::Each(0));
}

INSTANTIATE_TEST_SUITE_P(Kinds, SequenceModelTest, testing::Values("sasrec", "bert4rec"));

}  // namespace
}  // namespace tamis::models
