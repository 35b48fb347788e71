#include "models/sequence/train_sequence.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tamis::models {
namespace {

constexpr std::uint32_t kItems = 12;

// Walks around a ring of items: what follows item i is i + 1.
Sequences ring_walks() {
  Sequences sequences;
  for (std::uint32_t start = 0; start < 60; ++start) {
    std::vector<std::uint32_t> walk;
    for (std::uint32_t step = 0; step < 5 + start % 9; ++step) walk.push_back((start + step) % kItems);
    sequences.push_back(walk);
  }
  return sequences;
}

SequenceEncoderOptions small_encoder(bool bidirectional) {
  SequenceEncoderOptions options;
  options.items = kItems;
  options.dim = 16;
  options.inner = 16;
  options.heads = 2;
  options.blocks = 1;
  options.max_length = 10;
  options.dropout = 0.1;
  options.bidirectional = bidirectional;
  return options;
}

std::uint32_t predicted_next(const SequenceEncoder& encoder, const std::vector<std::uint32_t>& history) {
  const std::vector<float> query = encoder.encode(history);
  std::vector<float> scores(kItems, 0.0F);
  for (std::uint32_t item = 0; item < kItems; ++item) {
    for (std::size_t j = 0; j < query.size(); ++j)
      scores[item] += query[j] * encoder.item_embeddings()[item * query.size() + j];
  }
  return static_cast<std::uint32_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

struct Variant {
  bool bidirectional;
  SequenceLoss loss;
};

class TrainSequenceTest : public testing::TestWithParam<Variant> {};

TEST_P(TrainSequenceTest, LearnsWhatFollows) {
  SequenceEncoder encoder(small_encoder(GetParam().bidirectional));
  SequenceTrainOptions options;
  options.loss = {.loss = GetParam().loss, .negatives = 6};
  options.batch = 16;
  options.epochs = GetParam().bidirectional ? 800 : 40;
  options.learning_rate = 5e-3;
  TrainControl control;
  const auto reports = train_sequence(encoder, ring_walks(), options, {}, control);
  ASSERT_TRUE(reports.is_ok()) << reports.status().to_string();
  EXPECT_LT(reports->back().loss, reports->front().loss / 2);
  for (std::uint32_t item = 2; item < kItems; ++item) {
    EXPECT_EQ(predicted_next(encoder, {item - 2, item - 1, item}), (item + 1) % kItems) << item;
  }
}
INSTANTIATE_TEST_SUITE_P(Models, TrainSequenceTest,
                         testing::Values(Variant{false, SequenceLoss::kFullSoftmax},
                                         Variant{false, SequenceLoss::kSampledSoftmax},
                                         Variant{false, SequenceLoss::kBinary},
                                         Variant{true, SequenceLoss::kFullSoftmax}));

TEST(TrainSequence, DoesNotDependOnTheNumberOfThreads) {
  std::vector<std::vector<float>> learned;
  for (const std::uint32_t threads : {1U, 3U}) {
    SequenceEncoder encoder(small_encoder(false));
    SequenceTrainOptions options;
    options.batch = 40;
    options.epochs = 2;
    TrainControl control;
    control.threads = threads;
    ASSERT_TRUE(train_sequence(encoder, ring_walks(), options, {}, control).is_ok());
    learned.emplace_back(encoder.parameters().values().begin(), encoder.parameters().values().end());
  }
  EXPECT_EQ(learned[0], learned[1]);
}

TEST(TrainSequence, KeepsTheBestAndStopsWithoutProgress) {
  SequenceEncoder encoder(small_encoder(false));
  SequenceTrainOptions options;
  options.epochs = 50;
  options.patience = 3;
  int calls = 0;
  std::vector<float> best;
  const auto validate = [&] {
    if (++calls == 2) best.assign(encoder.parameters().values().begin(), encoder.parameters().values().end());
    return calls == 2 ? 1.0 : 0.5;
  };
  const auto reports = train_sequence(encoder, ring_walks(), options, validate, TrainControl{});
  ASSERT_TRUE(reports.is_ok());
  EXPECT_EQ(reports->size(), 5u);  // the second was best, and three after it were not better
  EXPECT_TRUE(std::equal(best.begin(), best.end(), encoder.parameters().values().begin()));
}

TEST(TrainSequence, RefusesNothingToLearnFrom) {
  SequenceEncoder encoder(small_encoder(false));
  const auto reports = train_sequence(encoder, {{1}, {}}, SequenceTrainOptions{}, {}, TrainControl{});
  EXPECT_EQ(reports.status().code(), StatusCode::kInvalidArgument);
}

TEST(SequenceEncoder, AnEmptyHistoryIsTheOrigin) {
  const SequenceEncoder encoder(small_encoder(false));
  EXPECT_EQ(encoder.encode({}), std::vector<float>(16, 0.0F));
}

}  // namespace
}  // namespace tamis::models
