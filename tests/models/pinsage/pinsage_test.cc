// PinSage on a small world of groups: it learns, is inductive, saves and loads.
#include <gtest/gtest.h>

#include <algorithm>

#include "models/pinsage/pinsage_encoder.h"
#include "models/pinsage/train_pinsage.h"
#include "tests/models/temporary_directory.h"

namespace tamis::models {
namespace {

constexpr std::uint32_t kGroups = 4;
constexpr std::uint32_t kPerGroup = 10;
constexpr std::uint32_t kItems = kGroups * kPerGroup;
constexpr std::uint32_t kUsers = 80;
constexpr std::uint32_t kDim = 8;

Features genre(std::uint32_t group) { return {{"genre", "genre " + std::to_string(group)}}; }

// Users like the items of one group of four; an item's genre is its group.
struct GroupWorld {
  std::vector<TimedInteraction> events;
  std::vector<Features> item_features;
  GroupWorld() {
    Random random(3);
    for (std::uint32_t user = 0; user < kUsers; ++user) {
      for (std::uint32_t i = 0; i < 6; ++i) {
        const std::uint32_t item = (user % kGroups) * kPerGroup + random.below(kPerGroup);
        events.push_back({.user = user, .item = item, .weight = 1, .timestamp_ms = user});
      }
    }
    for (std::uint32_t item = 0; item < kItems; ++item) item_features.push_back(genre(item / kPerGroup));
  }
  TrainingData data() const {
    return {.users = kUsers, .items = kItems, .events = events, .user_features = {}, .item_features = item_features};
  }
};

PinSageOptions small_options() {
  PinSageOptions options;
  options.dim = kDim;
  options.hidden = 16;
  options.feature_buckets = 256;
  options.walks.neighbors = 5;
  options.walks.related = 5;
  options.batch = 32;
  options.uniform_negatives = 20;
  options.epochs = 60;
  options.learning_rate = 0.02;
  options.id_dropout = 0.3;
  return options;
}

Settings small_settings() {
  return *resolve_settings(pinsage_table(), {{"dim", "8"},
                                             {"hidden", "16"},
                                             {"feature_buckets", "256"},
                                             {"neighbors", "5"},
                                             {"related", "5"},
                                             {"batch", "32"},
                                             {"epochs", "60"},
                                             {"uniform_negatives", "20"},
                                             {"learning_rate", "0.02"},
                                             {"id_dropout", "0.3"}});
}

double dot(const float* a, const float* b) {
  double sum = 0;
  for (std::size_t d = 0; d < kDim; ++d) sum += double{a[d]} * b[d];
  return sum;
}

// The share of the best kPerGroup items for `query` that are of `group`.
double precision(std::span<const float> items, std::span<const float> query, std::uint32_t group) {
  std::vector<std::pair<double, std::uint32_t>> scores;
  for (std::uint32_t item = 0; item < kItems; ++item) scores.push_back({-dot(&items[item * kDim], query.data()), item});
  std::sort(scores.begin(), scores.end());
  double hits = 0;
  for (std::uint32_t i = 0; i < kPerGroup; ++i) hits += scores[i].second / kPerGroup == group ? 1 : 0;
  return hits / kPerGroup;
}

TEST(PinSage, LearnsGroupsAndPlacesNewItemsByNeighborsOrFeatures) {
  const GroupWorld world;
  const InteractionMatrix matrix = world.data().matrix();
  PinSageModel model(small_options(), kItems, world.item_features);
  const auto graph = walk_neighbors(matrix, matrix.transpose(), model.options().walks, {});
  ASSERT_TRUE(graph.is_ok());
  ASSERT_TRUE(train_pinsage(model, matrix, *graph, {}).is_ok());
  const auto vectors = embed_all(model, matrix, *graph, {});
  ASSERT_TRUE(vectors.is_ok());
  std::vector<float> out(kDim);
  const std::uint32_t history[] = {21, 27};
  embed_pinsage_user(model, *vectors, history, out);
  EXPECT_GT(precision(vectors->items, out, 2), 0.85);

  const std::uint32_t neighbors[] = {11, 15, 18};
  const float weights[] = {0.5F, 0.3F, 0.2F};
  ASSERT_TRUE(embed_pinsage_item(model, *vectors, nullptr, neighbors, weights, out).is_ok());
  EXPECT_GT(precision(vectors->items, out, 1), 0.75);  // by its neighbours alone
  const Features drama = genre(3);
  ASSERT_TRUE(embed_pinsage_item(model, *vectors, &drama, {}, {}, out).is_ok());
  EXPECT_GT(precision(vectors->items, out, 3), 0.85);  // by its features alone
  EXPECT_EQ(embed_pinsage_item(model, *vectors, nullptr, {}, {}, out).code(), StatusCode::kFailedPrecondition);
}

TEST(PinSage, LearnsByTheMaxMarginLossToo) {
  const GroupWorld world;
  const InteractionMatrix matrix = world.data().matrix();
  PinSageOptions options = small_options();
  options.loss = nn::CandidateLossKind::kMargin;
  PinSageModel model(options, kItems, world.item_features);
  const auto graph = walk_neighbors(matrix, matrix.transpose(), options.walks, {});
  ASSERT_TRUE(train_pinsage(model, matrix, *graph, {}).is_ok());
  const auto vectors = embed_all(model, matrix, *graph, {});
  ASSERT_TRUE(vectors.is_ok());
  std::vector<float> out(kDim);
  const Features drama = genre(3);
  ASSERT_TRUE(embed_pinsage_item(model, *vectors, &drama, {}, {}, out).is_ok());
  EXPECT_GT(precision(vectors->items, out, 3), 0.75);
}

TEST(PinSage, IsTheSameForAnyNumberOfThreads) {
  const GroupWorld world;
  const InteractionMatrix matrix = world.data().matrix();
  std::vector<float> reference;
  for (const std::uint32_t threads : {1U, 3U}) {
    PinSageOptions options = small_options();
    options.epochs = 3;
    PinSageModel model(options, kItems, world.item_features);
    const auto graph = walk_neighbors(matrix, matrix.transpose(), options.walks, {.threads = threads});
    ASSERT_TRUE(train_pinsage(model, matrix, *graph, {.threads = threads}).is_ok());
    auto vectors = embed_all(model, matrix, *graph, {.threads = threads});
    ASSERT_TRUE(vectors.is_ok());
    if (reference.empty()) reference = vectors->items;
    EXPECT_EQ(vectors->items, reference);
  }
}

TEST(PinSageEncoder, SavesAndLoads) {
  const GroupWorld world;
  const auto encoder = train_pinsage_encoder(world.data(), small_settings(), {});
  ASSERT_TRUE(encoder.is_ok()) << encoder.status().to_string();
  const TemporaryDirectory directory;
  TensorWriter writer;
  (*encoder)->add_tensors(writer);
  const auto path = directory.path() / "pinsage.safetensors";
  ASSERT_TRUE(writer.write(path).is_ok());
  const auto reader = TensorReader::open(path);
  ASSERT_TRUE(reader.is_ok());
  const Settings settings = (*encoder)->settings();
  const auto loaded = PinSageEncoder::load({(*encoder)->shape(), settings, *reader});
  ASSERT_TRUE(loaded.is_ok()) << loaded.status().to_string();
  const std::vector<HistoryEvent> history = {{.item = 11}, {.item = 12}, {.item = 11}};
  std::vector<float> before(kDim), after(kDim);
  ASSERT_TRUE((*encoder)->embed_user({.row = {}, .history = history}, before).is_ok());
  ASSERT_TRUE((*loaded)->embed_user({.row = {}, .history = history}, after).is_ok());
  EXPECT_EQ(before, after);
  EXPECT_GT(precision((*loaded)->item_vectors(), after, 1), 0.85);
  ASSERT_TRUE((*encoder)->embed_item(genre(3), before).is_ok());
  ASSERT_TRUE((*loaded)->embed_item(genre(3), after).is_ok());
  EXPECT_EQ(before, after);
  EXPECT_EQ((*loaded)->embed_user({}, after).code(), StatusCode::kFailedPrecondition);
  EncoderShape wider = (*encoder)->shape();
  wider.items += 1;
  EXPECT_FALSE(PinSageEncoder::load({wider, settings, *reader}).is_ok());
}

TEST(PinSage, RefusesNoInteractions) {
  const auto encoder = train_pinsage_encoder({.users = 2, .items = 2}, small_settings(), {});
  EXPECT_EQ(encoder.status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tamis::models
