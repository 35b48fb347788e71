#include "engine/interactions/weigh_events.h"

#include <gmock/gmock.h>

namespace tamis::engine {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

class WeighEventsTest : public ::testing::Test {
 protected:
  void declare(std::string_view name, std::string_view json) {
    auto type = parse_interaction_type(name, json);
    ASSERT_TRUE(type.is_ok()) << type.status().to_string();
    types = types->with(*type);
    rules = TypeRules(types, [](std::uint16_t) { return std::string(); });
  }
  // Events of one user, a moment apart.
  void add(std::string_view type, double value = kNoValue, DenseId item = 1) {
    events.push_back({item, &rules.of_name(type), value, static_cast<TimestampMs>(events.size())});
  }
  double weight() const { return weigh_pair(events).weight; }
  std::vector<double> weights() const {
    std::vector<double> all;
    for (const EventWeight& event : weigh_events(events)) all.push_back(event.weight);
    return all;
  }

  std::shared_ptr<const InteractionTypes> types = std::make_shared<const InteractionTypes>();
  TypeRules rules{types, [](std::uint16_t) { return std::string(); }};
  std::vector<MeantEvent> events;
};

TEST_F(WeighEventsTest, ActsAddUpAsTheirTypesWeigh) {
  for (const char* type : {"view", "click", "like", "purchase", "view", "unheard-of"}) add(type);
  EXPECT_EQ(weight(), 1 + 1 + 3 + 5 + 1 + 1);
  EXPECT_THAT(weights(), ElementsAre(1, 1, 3, 5, 1, 1));
}

TEST_F(WeighEventsTest, QuantitiesDoNotScaleAWeight) {
  add("purchase", 12);
  add("view", 0.25);
  EXPECT_EQ(weight(), 6);
}

TEST_F(WeighEventsTest, OfRatingsTheNewestCounts) {
  add("rating", 5);
  add("rating", 1);
  EXPECT_EQ(weight(), -2);
  EXPECT_EQ(weigh_pair(events).rating, 1);
  EXPECT_TRUE(weigh_pair(events).is_excluded);
  add("rating", 4);
  EXPECT_EQ(weight(), 4);
  EXPECT_FALSE(weigh_pair(events).is_excluded);
  EXPECT_THAT(weights(), ElementsAre(0, 0, 4));
}

TEST_F(WeighEventsTest, AMiddlingRatingTakesThePlaceOfTheOneBefore) {
  add("rating", 5);
  add("rating", 3);
  EXPECT_EQ(weight(), 0);
  EXPECT_EQ(weigh_pair(events).rating, 3);
  EXPECT_TRUE(weigh_pair(events).is_seen);
}

TEST_F(WeighEventsTest, AReturnTakesItsPurchaseBack) {
  add("purchase");
  add("return");
  EXPECT_EQ(weight(), 0);
  add("purchase");
  add("purchase", -1);
  EXPECT_EQ(weight(), 0);
  add("purchase");
  EXPECT_EQ(weight(), 5);
}

TEST_F(WeighEventsTest, AReturnOfAPartLeavesThePurchase) {
  add("purchase", 6);
  add("purchase", 2);
  add("return", 3);  // both of the newer, one of the older
  EXPECT_THAT(weights(), ElementsAre(5, 0, 0));
  add("purchase", -5);
  EXPECT_THAT(weights(), ElementsAre(0, 0, 0, 0));
}

TEST_F(WeighEventsTest, AReturnBeforeItsPurchaseTakesNothing) {
  add("return");
  add("purchase");
  EXPECT_EQ(weight(), 5);
}

TEST_F(WeighEventsTest, AReturnWithoutAPurchaseIsNothing) {
  add("view");
  add("return", 2);
  add("refund");
  EXPECT_EQ(weight(), 1);
}

TEST_F(WeighEventsTest, LikeThenUnlikeIsNothing) {
  add("like");
  add("like");
  add("unlike");
  EXPECT_EQ(weight(), 0);
  EXPECT_TRUE(weigh_pair(events).is_seen);
  add("like");
  EXPECT_EQ(weight(), 3);
}

TEST_F(WeighEventsTest, OfLikeAndDislikeTheNewestHolds) {
  add("like");
  add("dislike");
  EXPECT_EQ(weight(), -3);
  EXPECT_TRUE(weigh_pair(events).is_excluded);
  add("like");
  EXPECT_EQ(weight(), 3);
  EXPECT_FALSE(weigh_pair(events).is_excluded);
}

TEST_F(WeighEventsTest, HiddenUntilUnhidden) {
  add("purchase");
  add("hide");
  EXPECT_TRUE(weigh_pair(events).is_excluded);
  add("unhide");
  EXPECT_FALSE(weigh_pair(events).is_excluded);
  EXPECT_EQ(weight(), 5);
}

TEST_F(WeighEventsTest, ASkipSpeaksAgainstAndExcludesNothing) {
  for (int i = 0; i < 10; ++i) add("skip");
  EXPECT_EQ(weight(), -1.5);
  EXPECT_FALSE(weigh_pair(events).is_excluded);
}

TEST_F(WeighEventsTest, ImpressionsAreNeitherSeenNorLearned) {
  add("impression");
  add("impression");
  EXPECT_EQ(weight(), 0);
  EXPECT_FALSE(weigh_pair(events).is_seen);
}

TEST_F(WeighEventsTest, ThresholdsMakeAValueSpeakForOrAgainst) {
  declare("watch", R"({"value":"seconds","at_least":30,"below":5,"excludes":false})");
  add("watch", 31);
  EXPECT_EQ(weight(), 1);
  add("watch", 12);
  EXPECT_EQ(weight(), 1);
  add("watch", 2);
  add("watch", 2);
  EXPECT_THAT(weights(), ElementsAre(0, 0, -0.5, -0.5));
  EXPECT_FALSE(weigh_pair(events).is_excluded);
}

TEST_F(WeighEventsTest, RepeatsMayBeCappedOrTheFirstAlone) {
  declare("view", R"({"repeats":"capped","cap":2})");
  declare("open", R"({"repeats":"first","weight":2})");
  for (int i = 0; i < 5; ++i) add("view");
  for (int i = 0; i < 5; ++i) add("open");
  EXPECT_THAT(weights(), ElementsAre(1, 1, 0, 0, 0, 2, 0, 0, 0, 0));
}

TEST_F(WeighEventsTest, ANegativeWeightSpeaksAgainst) {
  declare("closed_at_once", R"({"weight":-2})");
  add("closed_at_once");
  EXPECT_EQ(weight(), -2);
  EXPECT_TRUE(weigh_pair(events).is_excluded);
}

TEST_F(WeighEventsTest, TheEventsOfAnItemHaveOneSign) {
  add("view");
  add("dislike");
  EXPECT_THAT(weights(), ElementsAre(0, -2));
  add("purchase");
  add("purchase");
  EXPECT_EQ(weight(), 8);
  EXPECT_THAT(weights(),
              ElementsAre(DoubleNear(8.0 / 11, 1e-9), 0, DoubleNear(40.0 / 11, 1e-9), DoubleNear(40.0 / 11, 1e-9)));
  EXPECT_TRUE(weigh_pair(events).is_excluded);
}

TEST_F(WeighEventsTest, ItemsDoNotTouchEachOther) {
  add("like", kNoValue, 7);
  add("like", kNoValue, 3);
  add("unlike", kNoValue, 7);
  const auto items = weigh_items(events);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].item, 3u);
  EXPECT_EQ(items[0].preference.weight, 3);
  EXPECT_EQ(items[1].preference.weight, 0);
  EXPECT_EQ(items[1].preference.newest_ms, 2);
  EXPECT_THAT(weights(), ElementsAre(0, 3, 0));
}

TEST_F(WeighEventsTest, ARatingWithoutAValueSaysNothing) {
  add("rating");
  EXPECT_EQ(weight(), 0);
  EXPECT_FALSE(weigh_pair(events).is_excluded);
}

TEST_F(WeighEventsTest, RatingsAreComparedWithTheUsersMean) {
  // A strict user: 3 is praise. (1 + 1 + 3) / 3 drawn to everybody's 3 by three ratings more: z = -4/6 at the mean.
  const RatingScales scales = {{"rating", {.mean = 3, .deviation = 1, .low = 1, .high = 5}}};
  add("rating", 1, 1);
  add("rating", 1, 2);
  add("rating", 3, 3);
  const std::vector<EventWeight> weighed = weigh_events(events, &scales);
  const double z = (-2.0 - 2.0 + 0.0) / 6;
  EXPECT_DOUBLE_EQ(weighed[0].weight, 2 * (1 - 2 - z));
  EXPECT_DOUBLE_EQ(weighed[2].weight, 2 * (1 + 0 - z));
  EXPECT_GT(weighed[2].weight, 3);
  EXPECT_LT(weighed[0].weight, 0);
  // By its own value a 3 says nothing, and a 1 is two below the threshold.
  EXPECT_EQ(weighed[2].uncentred, 0);
  EXPECT_EQ(weighed[0].uncentred, -2);
}

TEST_F(WeighEventsTest, CentringKnowsNoScaleButTheDatas) {
  const auto weigh = [&](double factor, double shift) {
    events.clear();
    for (const double stars : {1, 2, 3, 4, 5}) add("rating", factor * stars + shift, static_cast<DenseId>(stars));
    const RatingScales scales = {
        {"rating",
         {.mean = factor * 3 + shift, .deviation = factor * 1.5, .low = factor + shift, .high = factor * 5 + shift}}};
    std::vector<double> all;
    for (const EventWeight& event : weigh_events(events, &scales)) all.push_back(event.weight);
    return all;
  };
  const std::vector<double> stars = weigh(1, 0);
  EXPECT_LT(stars[0], 0);
  EXPECT_DOUBLE_EQ(stars[2], 2);
  EXPECT_GT(stars[4], stars[3]);
  for (const auto& [factor, shift] : {std::pair{2.0, 0.0}, {20.0, 0.0}, {0.25, -0.25}, {5.0, -15.0}}) {
    const std::vector<double> other = weigh(factor, shift);
    for (std::size_t i = 0; i < stars.size(); ++i) EXPECT_NEAR(other[i], stars[i], 1e-12) << factor << " " << shift;
  }
}

TEST_F(WeighEventsTest, CentringLeavesWhatCountsAndWhatCancelsOut) {
  const RatingScales scales = {{"rating", {.mean = 3, .deviation = 1, .low = 1, .high = 5}}};
  add("rating", 5, 1);
  add("rating", 1, 1);  // takes the place of the 5
  add("view", kNoValue, 1);
  add("rating", 3, 2);
  add("view", kNoValue, 3);
  const std::vector<EventWeight> weighed = weigh_events(events, &scales);
  EXPECT_FALSE(weighed[0].counts);
  EXPECT_EQ(weighed[0].weight, 0);
  // Mean (-2 + 0) / (2 + 3); the 1 weighs 2 * (1 - 2 + 0.4) = -1.2 and the view 1: together -0.2.
  EXPECT_NEAR(weighed[1].weight, -0.2, 1e-12);
  EXPECT_EQ(weighed[2].weight, 0);
  EXPECT_NEAR(weighed[3].weight, 2.8, 1e-12);
  EXPECT_EQ(weighed[4].weight, 1);
}

TEST_F(WeighEventsTest, ARatingOfATypeWithoutAScaleIsWeighedByItsThresholds) {
  const RatingScales scales = {{"stars", {.mean = 3, .deviation = 1, .low = 1, .high = 5}}};
  add("rating", 5);
  EXPECT_EQ(weigh_events(events, &scales)[0].weight, 5);
}

TEST_F(WeighEventsTest, ValuesOfZeroAndBelowOfOtherKindsTeachNothing) {
  add("listen", -3);
  add("purchase", 0);
  EXPECT_EQ(weight(), 0);
}

}  // namespace
}  // namespace tamis::engine
