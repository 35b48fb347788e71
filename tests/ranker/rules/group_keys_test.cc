#include "ranker/rules/group_keys.h"

#include "ranker/rules/calibrated.h"
#include "ranker/rules/caps.h"
#include "ranker/rules/selection.h"
#include "tests/ranker/rules/fake_items.h"

namespace tamis::ranker {
namespace {

using Keys = std::vector<std::string_view>;

TEST(GroupKeys, EqualValuesOfEveryKindHaveEqualKeys) {
  GroupKeys keys("f");
  const auto of = [&](FeatureValue value) {
    std::vector<std::string> copies;
    const Features features{{"f", std::move(value)}};
    for (const std::string_view key : keys.of(features)) copies.emplace_back(key);
    return copies;
  };
  EXPECT_EQ(of(2012.0), std::vector<std::string>{"2012"});
  EXPECT_EQ(of(-0.0), of(0.0));
  EXPECT_EQ(of(0.1), of(0.1));
  EXPECT_NE(of(0.1), of(0.1000000001));
  EXPECT_EQ(of(std::string("2012")), of(2012.0));
  EXPECT_EQ(of(true), std::vector<std::string>{"true"});
  EXPECT_EQ(of(Timestamp{1'000}), of(Timestamp{1'000}));
  EXPECT_NE(of(Timestamp{1'000}), of(Timestamp{1'001}));
  const std::string prose(500, 'x');
  EXPECT_EQ(of(Text{prose}), std::vector<std::string>{prose});
  EXPECT_NE(of(Text{prose + "a"}), of(Text{prose + "b"}));
  EXPECT_EQ(of(std::vector<std::string>{"a", "b", "a"}), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(keys.of({{"g", true}}).empty());
}

// Six items in pairs of equal values, of each kind in turn.
class GroupsOfEveryKind : public testing::TestWithParam<int> {
 protected:
  static FeatureValue value(int pair) {
    switch (GetParam()) {
      case 0: return 2010.5 + pair;
      case 1: return Timestamp{1'700'000'000'000 + pair};
      case 2: return std::string(1, static_cast<char>('a' + pair));
      case 3: return Text{std::string(300, 'x') + std::to_string(pair)};
      default: return std::vector<std::string>{"v" + std::to_string(pair)};
    }
  }
  CandidateList list() {
    CandidateList made;
    for (std::uint32_t i = 0; i < 6; ++i) {
      items[i].features = {{"f", value(static_cast<int>(i / 2))}};
      made.push_back({.item = i, .score = 1 - 0.1 * i});
    }
    return made;
  }
  FakeItems items;
};

TEST_P(GroupsOfEveryKind, AreDeduped) {
  CandidateList made = list();
  DedupeRule("f").apply(made, {.items = items});
  EXPECT_EQ(order(made), (Order{0, 2, 4}));
}

TEST_P(GroupsOfEveryKind, AreCapped) {
  CandidateList made = list();
  CapRule::create({.field = "f", .most = 1})->apply(made, {.items = items, .k = 3});
  EXPECT_EQ(order(made), (Order{0, 2, 4, 1, 3, 5}));
}

TEST_P(GroupsOfEveryKind, AreSpread) {
  CandidateList made = list();
  SpreadRule::create({.field = "f", .most = 1, .window = 2})->apply(made, {.items = items, .k = 6});
  EXPECT_EQ(order(made), (Order{0, 2, 1, 3, 4, 5}));
}

TEST_P(GroupsOfEveryKind, AreCalibrated) {
  CandidateList made = list();
  GroupKeys keys("f");
  CalibratedRule::Shares target;
  target[std::string(keys.of({{"f", value(2)}}).front())] = 1;
  CalibratedRule::create({.field = "f", .target = target, .weight = 0.9})->apply(made, {.items = items, .k = 2});
  EXPECT_EQ(order(made), (Order{4, 5, 0, 1, 2, 3}));
}

INSTANTIATE_TEST_SUITE_P(Kinds, GroupsOfEveryKind, testing::Range(0, 5));

TEST(GroupKeys, OfBooleansAreCapped) {
  FakeItems items;
  CandidateList made;
  for (std::uint32_t i = 0; i < 5; ++i) {
    items[i].features = {{"sale", i < 4}};
    made.push_back({.item = i, .score = 1 - 0.1 * i});
  }
  CapRule::create({.field = "sale", .most = 1, .strict = true})->apply(made, {.items = items, .k = 5});
  EXPECT_EQ(order(made), (Order{0, 4}));
}

}  // namespace
}  // namespace tamis::ranker
