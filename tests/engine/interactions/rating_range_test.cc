#include "engine/interactions/rating_range.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <thread>

#include "tests/engine/camps_fixture.h"

namespace tamis::engine {
namespace {

using std::chrono::milliseconds;

// 100 values, evenly between `low` and `high`, in steps.
std::vector<double> values_between(double low, double high, double step) {
  std::vector<double> values;
  const auto steps = static_cast<int>(std::lround((high - low) / step));
  for (int i = 0; i < 100; ++i) values.push_back(low + step * (i % (steps + 1)));
  return values;
}

const InteractionTypes& start() { return *InteractionTypes::built_in(); }

TEST(RatingRange, TellsTheUsualRanges) {
  struct Case {
    double low, high, step, at_least, below;
  };
  for (const Case& one : {Case{0, 1, 0.1, 0.7, 0.4},
                          {0, 1, 1, 0.7, 0.4},
                          {1, 10, 1, 7, 5},
                          {0, 10, 0.5, 7, 5},
                          {0, 100, 5, 70, 50},
                          {-10, 10, 0.5, 2.5, 0},
                          {-1, 1, 1, 0.25, 0}}) {
    const auto told = tell_rating_type(values_between(one.low, one.high, one.step), start());
    ASSERT_TRUE(told) << one.low << ".." << one.high;
    EXPECT_EQ(told->at_least, one.at_least) << one.low << ".." << one.high;
    EXPECT_EQ(told->below, one.below) << one.low << ".." << one.high;
  }
}

TEST(RatingRange, LeavesStarsAndWhatTellsNothing) {
  EXPECT_FALSE(tell_rating_type(values_between(1, 5, 1), start()));
  EXPECT_FALSE(tell_rating_type(values_between(0.5, 5, 0.5), start()));
  EXPECT_FALSE(tell_rating_type(values_between(4, 5, 1), start()));
  EXPECT_FALSE(tell_rating_type(std::vector<double>(100, 1.0), start())) << "a mark, or one star";
  EXPECT_FALSE(tell_rating_type(values_between(0, 900, 30), start())) << "no range of ours";
  EXPECT_FALSE(tell_rating_type(std::vector<double>(kRatingsToTell - 1, 8.0), start())) << "too few";
  std::vector<double> one_off = values_between(1, 5, 1);
  one_off.push_back(1'000);
  one_off.push_back(-3);
  EXPECT_FALSE(tell_rating_type(one_off, start())) << "one value is no range";
  std::vector<double> marked = values_between(1, 5, 1);
  for (int i = 0; i < 40; ++i) marked.push_back(-1);
  EXPECT_FALSE(tell_rating_type(marked, start())) << "-1 says that there is no rating";
  std::vector<double> marked_tens = values_between(1, 10, 1);
  for (int i = 0; i < 40; ++i) marked_tens.push_back(-1);
  const auto tens = tell_rating_type(marked_tens, start());
  ASSERT_TRUE(tens);
  EXPECT_EQ(tens->at_least, 7);
}

TEST(RatingRange, WidensWhatWasToldAndLeavesWhatWasDeclared) {
  const auto tenths = tell_rating_type(values_between(0, 1, 0.1), start());
  ASSERT_TRUE(tenths);
  const auto told = start().with(*tenths);
  EXPECT_FALSE(tell_rating_type(values_between(0, 1, 0.1), *told));
  const auto wider = tell_rating_type(values_between(1, 10, 1), *told);
  ASSERT_TRUE(wider);
  EXPECT_EQ(wider->at_least, 7);
  EXPECT_FALSE(tell_rating_type(values_between(0, 1, 0.1), *start().with(*wider))) << "never narrowed";

  auto declared = parse_interaction_type("rating", R"({"value":"rating","at_least":9,"below":2,"repeats":"newest"})");
  ASSERT_TRUE(declared.is_ok());
  EXPECT_FALSE(tell_rating_type(values_between(0, 10, 1), *start().with(*declared)));
  InteractionType stars = *start().find("rating");
  EXPECT_FALSE(tell_rating_type(values_between(0, 10, 1), *start().with(stars))) << "somebody says that it is stars";
}

class RatingRangeTest : public CampsTest {};

TEST_F(RatingRangeTest, ADatabaseFitsItsThresholds) {
  // Of ten points: everybody gives "good" 9 and "bad" 3, which would be three stars of five and better.
  if (database == nullptr) open();
  std::vector<Mutation> ratings;
  for (int user = 0; user < 40; ++user) {
    for (const auto& [item, value] : {std::pair{"good", 9.0}, {"bad", 3.0}, {"middling", 6.0}}) {
      Interaction rating = interaction("u" + std::to_string(user), item, "rating");
      rating.value = value;
      ratings.push_back(PutInteraction{rating});
    }
  }
  write(std::move(ratings));
  InteractionType fitted;
  for (int i = 0; i < 200 && fitted.at_least != 7; ++i) {
    std::this_thread::sleep_for(milliseconds(50));
    fitted = *database->get_interaction_type("rating");
  }
  EXPECT_EQ(fitted.at_least, 7);
  EXPECT_EQ(fitted.below, 5);
  EXPECT_EQ(fitted.version, 1u);
  RecommendRequest request;
  request.user = "u1";
  const auto answer = database->recommend(request);
  ASSERT_TRUE(answer.is_ok());
  for (const auto& item : answer->items) EXPECT_NE(item.item, "bad") << "what was disliked does not come back";

  database.reset();
  open();  // the store has it now
  EXPECT_EQ(database->get_interaction_type("rating")->at_least, 7);
}

}  // namespace
}  // namespace tamis::engine
