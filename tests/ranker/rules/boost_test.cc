#include "ranker/rules/boost.h"

#include <chrono>
#include <limits>
#include <thread>

#include "tests/ranker/rules/fake_items.h"

namespace tamis::ranker {
namespace {

TEST(BoostRule, RaisesAndBuriesWhatTheConditionHoldsFor) {
  FakeItems items;
  CandidateList list = categorized(items, {"book", "toy", "book"});
  Filter toys;
  toys.op = Filter::Op::kEqual;
  toys.field = "category";
  toys.values = {std::string("toy")};
  const auto boost = BoostRule::create({.condition = toys, .multiply = 2, .add = 0.25});
  ASSERT_TRUE(boost.is_ok());
  const RuleReport report = apply_rule(*boost, list, {.items = items});
  EXPECT_EQ(order(list), (Order{1, 0, 2}));
  EXPECT_DOUBLE_EQ(list[0].score, 0.99 * 2 + 0.25);
  EXPECT_DOUBLE_EQ(list[1].score, 1);
  EXPECT_EQ(report.rule, "boost");
  EXPECT_EQ(report.before, 3U);
  EXPECT_EQ(report.after, 3U);
}

TEST(RuleReport, TellsTheTimeThatTheRuleTook) {
  class Sleeper final : public Rule {
   public:
    std::string_view name() const override { return "sleeper"; }
    void apply(CandidateList&, const RuleContext&) const override {
      std::this_thread::sleep_for(std::chrono::milliseconds(3));
    }
  };
  FakeItems items;
  CandidateList list;
  const auto begin = std::chrono::steady_clock::now();
  const double reported = apply_rule(Sleeper(), list, {.items = items}).microseconds;
  const double passed = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_GE(reported, 3'000);
  EXPECT_LE(reported, passed);
}

TEST(BoostRule, MovesNegativeScoresTheSameWay) {
  EXPECT_DOUBLE_EQ(scale_score(-3, 2), -1.5);
  EXPECT_DOUBLE_EQ(scale_score(-3, 0.5), -6);
  EXPECT_DOUBLE_EQ(scale_score(3, 0.5), 1.5);
  EXPECT_LT(scale_score(-3, 0), -1e300);
}

TEST(BoostRule, RefusesOptionsOutOfRange) {
  EXPECT_EQ(BoostRule::create({.condition = {}, .multiply = 0}).status().field(), "multiply");
  EXPECT_EQ(BoostRule::create({.condition = {}, .add = std::numeric_limits<double>::infinity()}).status().field(),
            "add");
}

}  // namespace
}  // namespace tamis::ranker
