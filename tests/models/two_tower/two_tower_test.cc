// Two towers on small worlds: what is held out, which negatives count, what cold start gets, what saving keeps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "models/option_table.h"
#include "models/two_tower/two_tower_batches.h"
#include "models/two_tower/two_tower_encoder.h"
#include "tests/models/temporary_directory.h"

namespace tamis::models {
namespace {

constexpr std::uint32_t kGroups = 4;
constexpr std::uint32_t kPerGroup = 10;
constexpr std::uint32_t kItems = kGroups * kPerGroup;
constexpr std::uint32_t kUsers = 80;

// Users like the items of one group of four; an item's genre is its group.
struct GroupWorld {
  std::vector<TimedInteraction> events;
  std::vector<Features> item_features, user_features;

  GroupWorld() {
    Random random(3);
    for (std::uint32_t user = 0; user < kUsers; ++user) {
      for (std::uint32_t i = 0; i < 6; ++i) {
        const std::uint32_t item = (user % kGroups) * kPerGroup + random.below(kPerGroup - 1);  // the last is never met
        events.push_back({.user = user, .item = item, .weight = 1, .timestamp_ms = user + i});
      }
      user_features.push_back({{"likes", std::string(1, static_cast<char>('A' + user % kGroups))}});
    }
    for (std::uint32_t item = 0; item < kItems; ++item) item_features.push_back(genre(item / kPerGroup));
  }
  static Features genre(std::uint32_t group) { return {{"genre", "genre " + std::to_string(group)}}; }
  TrainingData data(bool features) const {
    TrainingData data{.users = kUsers, .items = kItems, .events = events, .user_features = {}, .item_features = {}};
    if (features) data.user_features = user_features, data.item_features = item_features;
    return data;
  }
};

Settings small_settings(Settings changes = {}) {
  Settings settings{{"dim", "8"},
                    {"epochs", "15"},
                    {"batch", "32"},
                    {"uniform_negatives", "20"},
                    {"learning_rate", "0.05"},
                    {"feature_buckets", "512"}};
  for (auto& [key, value] : changes) settings[key] = value;
  return *resolve_settings(two_tower_table(), settings);
}

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t d = 0; d < a.size(); ++d) sum += double{a[d]} * b[d];
  return sum;
}
std::span<const float> item_row(const Encoder& encoder, std::uint32_t item) {
  return encoder.item_vectors().subspan(item * encoder.shape().dim, encoder.shape().dim);
}
// The share of the best kPerGroup - 1 items (those met) that are of `group`.
double precision(const Encoder& encoder, std::span<const float> user, std::uint32_t group) {
  std::vector<std::pair<double, std::uint32_t>> scores;
  for (std::uint32_t item = 0; item < kItems; ++item) scores.push_back({-dot(user, item_row(encoder, item)), item});
  std::sort(scores.begin(), scores.end());
  double hits = 0;
  for (std::uint32_t i = 0; i + 1 < kPerGroup; ++i) hits += scores[i].second / kPerGroup == group ? 1 : 0;
  return hits / (kPerGroup - 1);
}

std::unique_ptr<Encoder> train(const GroupWorld& world, bool features, const Settings& settings,
                               std::uint32_t threads = 1) {
  auto encoder = train_two_tower_encoder(world.data(features), settings, {.threads = threads});
  EXPECT_TRUE(encoder.is_ok()) << encoder.status().to_string();
  return std::move(*encoder);
}

TEST(TwoTower, LearnsGroupsFromIdsAlone) {
  const GroupWorld world;
  for (const char* loss : {"softmax", "bce", "margin", "cosine_contrastive"}) {
    const auto encoder = train(world, false, small_settings({{"loss", loss}, {"temperature", "0.2"}}));
    std::vector<float> user(8);
    const std::vector<HistoryEvent> history = {{.item = 21}, {.item = 23}};
    ASSERT_TRUE(encoder->embed_user({.row = {}, .history = history}, user).is_ok());
    EXPECT_GT(precision(*encoder, user, 2), 0.85) << loss;
  }
}

TEST(TwoTower, LearnsWithDotProductsAndANetwork) {
  const auto encoder = train(GroupWorld{}, false,
                             small_settings({{"similarity", "dot"},
                                             {"temperature", "1"},
                                             {"hidden", "16"},
                                             {"learning_rate", "0.02"},
                                             {"epochs", "40"}}));
  EXPECT_EQ(encoder->shape().metric, Metric::kDot);
  std::vector<float> user(8);
  const std::vector<HistoryEvent> history = {{.item = 1}, {.item = 3}};
  ASSERT_TRUE(encoder->embed_user({.row = {}, .history = history}, user).is_ok());
  EXPECT_GT(precision(*encoder, user, 0), 0.85);
}

TEST(TwoTower, IsTheSameForAnyNumberOfThreads) {
  const GroupWorld world;
  const Settings settings = small_settings({{"hidden", "8"}, {"epochs", "2"}});
  const auto one = train(world, true, settings, 1);
  const auto three = train(world, true, settings, 3);
  EXPECT_TRUE(std::ranges::equal(one->item_vectors(), three->item_vectors()));
  EXPECT_TRUE(std::ranges::equal(one->user_vectors(), three->user_vectors()));
  const auto other_seed = train(world, true, small_settings({{"hidden", "8"}, {"epochs", "2"}, {"seed", "7"}}), 1);
  EXPECT_FALSE(std::ranges::equal(one->item_vectors(), other_seed->item_vectors()));
}

TEST(TwoTower, PlacesNewItemsAndStrangersByTheirFeatures) {
  const GroupWorld world;
  const auto encoder = train(world, true, small_settings({{"id_dropout", "0.3"}}));
  ASSERT_TRUE(encoder->embeds_new_items());
  std::vector<float> item(8), user(8);
  ASSERT_TRUE(encoder->embed_item(GroupWorld::genre(1), item).is_ok());
  const Features likes_c{{"likes", std::string("C")}};
  ASSERT_TRUE(encoder->embed_user({.row = {}, .history = {}, .features = &likes_c}, user).is_ok());
  EXPECT_GT(precision(*encoder, user, 2), 0.85);
  // Item 19 has a genre and no interaction: the user of group 1 scores it above every item of other groups.
  std::vector<float> fan(8);
  const std::vector<HistoryEvent> history = {{.item = 11}, {.item = 12}};
  ASSERT_TRUE(encoder->embed_user({.row = {}, .history = history}, fan).is_ok());
  EXPECT_GT(dot(fan, item), 0.3);
  for (std::uint32_t other = 0; other < kItems; ++other) {
    if (other / kPerGroup == 1) continue;
    EXPECT_GT(dot(fan, item_row(*encoder, 19)), dot(fan, item_row(*encoder, other)));
  }
}

TEST(TwoTower, SaysWhenNothingPlacesAUserOrAnItem) {
  const auto encoder = train(GroupWorld{}, false, small_settings());
  std::vector<float> out(8);
  EXPECT_EQ(encoder->embed_user({}, out).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(encoder->embed_item(GroupWorld::genre(0), out).code(), StatusCode::kFailedPrecondition);
  for (const float value : item_row(*encoder, 9)) EXPECT_EQ(value, 0);  // an item that nobody met
}

TEST(TwoTower, RefusesNoInteractions) {
  const auto encoder = train_two_tower_encoder({.users = 2, .items = 2}, small_settings(), {});
  EXPECT_EQ(encoder.status().code(), StatusCode::kInvalidArgument);
}

TEST(TwoTower, SavesAndLoads) {
  const GroupWorld world;
  const auto encoder = train(world, true, small_settings({{"hidden", "4"}, {"epochs", "2"}}));
  const TemporaryDirectory directory;
  TensorWriter writer;
  encoder->add_tensors(writer);
  const auto path = directory.path() / "two_tower.safetensors";
  ASSERT_TRUE(writer.write(path).is_ok());
  const auto reader = TensorReader::open(path);
  ASSERT_TRUE(reader.is_ok());
  const Settings settings = encoder->settings();
  const auto loaded = TwoTowerEncoder::load({encoder->shape(), settings, *reader});
  ASSERT_TRUE(loaded.is_ok()) << loaded.status().to_string();
  const std::vector<HistoryEvent> history = {{.item = 11}, {.item = 12}, {.item = 11}};
  std::vector<float> before(8), after(8);
  const UserInput user{.row = 5, .history = history, .features = &world.user_features[5]};
  ASSERT_TRUE(encoder->embed_user(user, before).is_ok());
  ASSERT_TRUE((*loaded)->embed_user(user, after).is_ok());
  EXPECT_EQ(before, after);
  ASSERT_TRUE(encoder->embed_item(GroupWorld::genre(3), before).is_ok());
  ASSERT_TRUE((*loaded)->embed_item(GroupWorld::genre(3), after).is_ok());
  EXPECT_EQ(before, after);

  EncoderShape wider = encoder->shape();
  wider.items += 1;
  EXPECT_FALSE(TwoTowerEncoder::load({wider, settings, *reader}).is_ok());
  Settings fewer = settings;
  fewer["feature_buckets"] = "3";
  EXPECT_FALSE(TwoTowerEncoder::load({encoder->shape(), fewer, *reader}).is_ok());
}

TEST(HoldOutRows, PredictsEveryInteractionOnceAndNoneFromItself) {
  const InteractionMatrix matrix = GroupWorld{}.data(false).matrix();
  HoldOutRows rows(matrix, 0.4, 2);
  Random random(1);
  rows.shuffle(random);
  std::multiset<std::pair<std::uint32_t, std::uint32_t>> predicted;
  std::vector<std::uint32_t> history;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    rows.history(row, 100, history);
    std::set<std::uint32_t> all(history.begin(), history.end());
    EXPECT_EQ(all.size(), history.size());
    EXPECT_LE(rows.targets(row).size(), 2);
    for (const std::uint32_t item : rows.targets(row)) {
      EXPECT_TRUE(all.insert(item).second) << "the target is in its own history";
      predicted.insert({rows.user(row), item});
    }
    EXPECT_TRUE(std::ranges::equal(all, matrix.row_columns(rows.user(row))));
  }
  EXPECT_EQ(predicted.size(), matrix.nonzeros());
  EXPECT_EQ(std::set(predicted.begin(), predicted.end()).size(), matrix.nonzeros());
}

// The correction is minus the logarithm of how often a candidate is in the set: counted here.
TEST(Candidates, CorrectByTheChanceToBeDrawn) {
  const InteractionMatrix matrix = make_interaction_matrix(4, 5, {{0, 0}, {1, 0}, {2, 0}, {3, 1}, {3, 2}, {2, 2}});
  constexpr std::uint32_t kUniform = 2;
  constexpr std::size_t kTargets = 2;
  constexpr int kTrials = 40'000;
  Candidates candidates(matrix, kUniform);
  Random random(9);
  std::vector<double> present(5);
  for (int trial = 0; trial < kTrials; ++trial) {
    candidates.clear();
    for (std::size_t t = 0; t < kTargets; ++t) candidates.add(matrix.column[random.below(6)]);
    candidates.add_uniform(random);
    for (const std::uint32_t item : candidates.items()) present[item] += 1.0 / kTrials;
  }
  candidates.clear();
  for (std::uint32_t item = 0; item < 4; ++item) candidates.add(item);
  const std::vector<float> offsets = candidates.logit_offsets(kTargets);
  for (std::uint32_t item = 0; item < 4; ++item) EXPECT_NEAR(std::exp(-offsets[item]), present[item], 0.01) << item;
}

TEST(Candidates, AreTheWholeCatalogueWhereThatIsAsManyAsDrawn) {
  const InteractionMatrix matrix = make_interaction_matrix(1, 3, {{0, 1}});
  Candidates candidates(matrix, 3);
  Random random(1);
  candidates.add(1);
  candidates.add_uniform(random);
  EXPECT_TRUE(candidates.complete());
  EXPECT_THAT(candidates.logit_offsets(1), testing::Each(0));
}

}  // namespace
}  // namespace tamis::models
