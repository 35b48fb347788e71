// That nothing a ranker learns from knows what came after it.
#include "engine/learn/rank_world.h"

#include <gtest/gtest.h>

#include <cmath>

#include "common/clock.h"
#include "common/random.h"
#include "engine/learn/rank_examples.h"

namespace tamis::engine {
namespace {

Dataset made_up(std::size_t events) {
  Dataset dataset;
  for (int user = 0; user < 20; ++user) dataset.users.push_back("u" + std::to_string(user));
  for (int item = 0; item < 30; ++item) dataset.items.push_back("i" + std::to_string(item));
  Random random(3);
  for (std::size_t i = 0; i < events; ++i)
    dataset.events.push_back({random.below(20), random.below(30), 1.0F + static_cast<float>(random.below(3)),
                              static_cast<TimestampMs>(i) * kHourMs});
  dataset.event_types.assign(events, 0);
  dataset.event_values.assign(events, 1);
  dataset.types = {"click"};
  return dataset;
}

TEST(RankWorldTest, CountsWhatCameBefore) {
  const Dataset dataset = made_up(500);
  const RankWorld world(dataset, {.trend_half_life_s = 86'400});
  for (const TimestampMs time_ms : {TimestampMs{0}, 100 * kHourMs, 100 * kHourMs + 1, 499 * kHourMs}) {
    for (std::uint32_t item = 0; item < 30; ++item) {
      double popularity = 0;
      double trend = 0;
      for (const auto& event : dataset.events) {
        if (event.item != item || event.timestamp_ms >= time_ms) continue;
        popularity += double{event.weight};
        trend += double{event.weight} * std::exp2(-static_cast<double>(time_ms - event.timestamp_ms) / 86'400'000.0);
      }
      EXPECT_NEAR(world.candidate(item, time_ms).popularity, popularity, 1e-9);
      EXPECT_NEAR(world.candidate(item, time_ms).trend, trend, 1e-9);
      EXPECT_EQ(world.is_there(item, time_ms), popularity > 0);
    }
    for (std::uint32_t user = 0; user < 20; ++user)
      for (const RankEvent& event : world.history(user, time_ms)) EXPECT_LT(event.timestamp_ms, time_ms);
  }
}

// The same window, with and without what follows it: equal lists, equal numbers.
TEST(RankWorldTest, ExamplesDoNotSeeTheFuture) {
  const Dataset whole = made_up(500);
  Dataset past = whole;
  past.events.resize(400);
  past.event_types.resize(400);
  past.event_values.resize(400);
  ModelSettings settings;
  settings.encoders["ials"] = {};
  const std::vector<std::string> names = {"item_knn", "user_knn"};
  const std::vector<std::string> declared = default_rank_features({}, {}, {}, names);
  std::vector<RankFeature> crossed;
  const std::vector<RankFeature> features = parse_rank_features(declared, "").value();
  for (const RankFeature& feature : features)
    if (feature.side() == ranker::FieldSide::kCrossed) crossed.push_back(feature);
  std::vector<RankExamples> examples;
  for (const Dataset* dataset : {&whole, static_cast<const Dataset*>(&past)}) {
    const RankWorld world(*dataset, {});
    const auto retrieval = learn_retrieval(*dataset, 300, names, settings, {});
    ASSERT_TRUE(retrieval.is_ok()) << retrieval.status().to_string();
    const RankModels models = retrieval->view();
    const RankWindow window{300, 400, 300 * kHourMs, 400 * kHourMs};
    const auto lists =
        make_rank_lists(world, window, models, names, {{.name = "click"}}, {.candidates = 15, .repeats = true}, {});
    ASSERT_TRUE(lists.is_ok()) << lists.status().to_string();
    ASSERT_GT(lists->size(), 10U);
    const auto made = make_rank_examples(world, *lists, models, crossed, {.negatives = 5, .uniform = 2}, {});
    ASSERT_TRUE(made.is_ok()) << made.status().to_string();
    examples.push_back(*made);
  }
  ASSERT_EQ(examples[0].rows.size(), examples[1].rows.size());
  for (std::size_t i = 0; i < examples[0].rows.size(); ++i) {
    EXPECT_EQ(examples[0].rows[i].item, examples[1].rows[i].item);
    EXPECT_EQ(examples[0].rows[i].labels, examples[1].rows[i].labels);
  }
  for (std::size_t i = 0; i < examples[0].numbers.size(); ++i) {
    const double a = examples[0].numbers[i];
    const double b = examples[1].numbers[i];
    EXPECT_TRUE(a == b || (std::isnan(a) && std::isnan(b))) << i;
  }
}

// What only one user has must not stay in a model when that user is erased, however often they asked.
TEST(RankWorldTest, AVocabularyHoldsWhatSeveralUsersHave) {
  const Dataset dataset = made_up(10);
  const RankWorld world(dataset, {});
  std::vector<Features> contexts(20);
  std::vector<RankList> lists;
  for (std::uint32_t user = 0; user < 20; ++user) {
    contexts[user] = {{"device", FeatureValue(user == 0 ? std::string("phone of u0") : std::string("desktop"))},
                      {"tags", FeatureValue(std::vector<std::string>{"all", "only u" + std::to_string(user)})}};
  }
  for (int time = 1; time <= 10; ++time)
    for (std::uint32_t user = 0; user < 20; ++user) {
      RankList& list = lists.emplace_back();
      list.user = user;
      list.now_ms = time * kHourMs;
      list.context = &contexts[user];
      list.items = {user % 3, 7};  // item 7 stands in each, 0 to 2 in a third
      if (time == 1 && user == 0) list.items.push_back(9);
    }
  const std::vector<std::string> declared = {"user.id", "context.device", "context.tags", "item.id"};
  const auto features = parse_rank_features(declared, "").value();
  const auto encoder = fit_rank_encoder(world, features, lists, {}, /*min_count=*/5);
  ASSERT_TRUE(encoder.is_ok()) << encoder.status().to_string();
  const auto& vocabularies = encoder->encoder().vocabularies();
  EXPECT_EQ(vocabularies[0].values().size(), 20u) << "ids are not shared: each asked often enough";
  EXPECT_EQ(vocabularies[1].values(), std::vector<std::string>{"desktop"});
  EXPECT_EQ(vocabularies[2].values(), std::vector<std::string>{"all"});
  EXPECT_EQ(vocabularies[3].values().size(), 4u) << "items by the lists that they stood in";
  EXPECT_EQ(vocabularies[3].values().front(), "i7");
}

}  // namespace
}  // namespace tamis::engine
