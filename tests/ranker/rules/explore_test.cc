#include "ranker/rules/explore.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "common/random.h"
#include "tests/ranker/rules/fake_items.h"

namespace tamis::ranker {
namespace {

constexpr int kDraws = 100'000;

TEST(ExplorationPolicy, UniformAndUcbByHand) {
  const std::vector<ItemCounts> pool = {{.impressions = 100, .clicks = 30}, {.impressions = 4, .clicks = 1}, {}};
  EXPECT_EQ(exploration_probabilities(ExplorationPolicy::kUniform, pool),
            (std::vector<double>{1 / 3.0, 1 / 3.0, 1 / 3.0}));
  // ln 104 = 4.644: bounds .3 + .305, .25 + 1.52, 0 + 3.05.
  EXPECT_EQ(exploration_probabilities(ExplorationPolicy::kUcb, pool), (std::vector<double>{0, 0, 1}));
  EXPECT_EQ(exploration_probabilities(ExplorationPolicy::kUcb, std::span(pool).first(2)), (std::vector<double>{0, 1}));
  EXPECT_TRUE(exploration_probabilities(ExplorationPolicy::kThompson, {}).empty());
}

// A Beta(a, b) draw of whole a and b: the a-th smallest of a + b - 1 uniform draws.
double beta(int a, int b, Random& random) {
  std::vector<double> draws(static_cast<std::size_t>(a + b - 1));
  for (double& draw : draws) draw = random.uniform();
  std::nth_element(draws.begin(), draws.begin() + (a - 1), draws.end());
  return draws[static_cast<std::size_t>(a - 1)];
}

TEST(ExplorationPolicy, ThompsonIsTheProbabilityOfBeingBest) {
  const std::vector<ItemCounts> pool = {
      {.impressions = 10, .clicks = 2}, {}, {.impressions = 3, .clicks = 1}, {.impressions = 20, .clicks = 9}};
  const auto probabilities = exploration_probabilities(ExplorationPolicy::kThompson, pool);
  Random random(17);
  std::vector<double> wins(pool.size(), 0);
  for (int draw = 0; draw < kDraws; ++draw) {
    std::vector<double> rates;
    for (const ItemCounts& item : pool)
      rates.push_back(
          beta(1 + static_cast<int>(item.clicks), 1 + static_cast<int>(item.impressions - item.clicks), random));
    ++wins[static_cast<std::size_t>(std::max_element(rates.begin(), rates.end()) - rates.begin())];
  }
  double chi_square = 0;
  for (std::size_t i = 0; i < pool.size(); ++i) {
    const double expected = kDraws * probabilities[i];
    chi_square += (wins[i] - expected) * (wins[i] - expected) / expected;
  }
  EXPECT_LT(chi_square, 16.27);  // 3 degrees of freedom, p = .001
  // Two items alike share evenly; one of them surely better takes all.
  EXPECT_NEAR(exploration_probabilities(ExplorationPolicy::kThompson, std::vector<ItemCounts>(2))[0], 0.5, 1e-9);
  EXPECT_GT(exploration_probabilities(ExplorationPolicy::kThompson,
                                      std::vector<ItemCounts>{{.impressions = 5000, .clicks = 2500},
                                                              {.impressions = 5000, .clicks = 1000}})[0],
            0.9999);
}

class Explore : public testing::TestWithParam<ExplorationPolicy> {
 protected:
  // 0 and 3 are well known; 1, 2 and 4 are not, 4 is too old.
  void SetUp() override {
    for (std::uint32_t i = 0; i < 5; ++i) items_[i].features = {{"at", Timestamp{1000}}};
    items_[0].counts = {.impressions = 1000, .clicks = 100};
    items_[3].counts = {.impressions = 1000, .clicks = 100};
    items_[1].counts = {.impressions = 5, .clicks = 1};
    items_[2].counts = {.impressions = 2, .clicks = 1};
    items_[4].features = {{"at", Timestamp{0}}};
  }
  CandidateList list() const { return scored({{0, 5}, {1, 4}, {2, 3}, {3, 2}, {4, 1}}); }
  ExploreRule rule(double share) const {
    return *ExploreRule::create({.policy = GetParam(), .share = share, .age_field = "at", .most_age_ms = 500});
  }
  FakeItems items_;
};

// Outcomes of the first two slots: how often each pair came, against the product of the logged propensities.
TEST_P(Explore, LoggedPropensitiesAreTheFrequencies) {
  const ExploreRule explore = rule(0.3);
  std::map<Order, double> seen;
  std::map<Order, double> probability;
  for (int draw = 0; draw < kDraws; ++draw) {
    CandidateList served = list();
    explore.apply(served, {.items = items_, .now_ms = 1400, .seed = static_cast<std::uint64_t>(draw) * 7919, .k = 2});
    const Order head = {served[0].item, served[1].item};
    ++seen[head];
    const double logged = served[0].propensity * served[1].propensity;
    const auto [entry, fresh] = probability.emplace(head, logged);
    ASSERT_TRUE(fresh || std::abs(entry->second - logged) < 1e-12) << "the same choice has one propensity";
    EXPECT_NE(served[0].item, 4U);
  }
  double total = 0;
  double chi_square = 0;
  for (const auto& [head, p] : probability) {
    total += p;
    const double expected = kDraws * p;
    ASSERT_GT(expected, 5);
    chi_square += (seen[head] - expected) * (seen[head] - expected) / expected;
  }
  EXPECT_NEAR(total, 1, 1e-9) << "every outcome that is possible was seen";
  EXPECT_GE(probability.size(), 3U);
  EXPECT_LT(chi_square, 3 * static_cast<double>(probability.size()) + 12);  // beyond p = .001 for up to 8 outcomes
}

TEST_P(Explore, AShareOfZeroKeepsTheListAndOneGivesAllToThePool) {
  CandidateList served = list();
  rule(0).apply(served, {.items = items_, .now_ms = 1400, .seed = 3, .k = 5});
  EXPECT_EQ(order(served), order(list()));
  for (const Candidate& candidate : served) EXPECT_EQ(candidate.propensity, 1);
  served = list();
  rule(1).apply(served, {.items = items_, .now_ms = 1400, .seed = 3, .k = 5});
  EXPECT_TRUE((order(served) == Order{1, 2, 0, 3, 4}) || (order(served) == Order{2, 1, 0, 3, 4}));
  EXPECT_EQ(served[2].propensity, 1) << "the pool is empty";
  served = list();
  rule(1).apply(served, {.items = items_, .now_ms = 90'000, .seed = 3, .k = 5});
  EXPECT_EQ(order(served), order(list())) << "all are too old";
}

TEST_P(Explore, ItsChoicesAreThePropensitiesThatItLogs) {
  const ExploreRule explore = rule(0.3);
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CandidateList served = list();
    const RuleContext context{.items = items_, .now_ms = 1400, .seed = seed * 7919, .k = 4};
    explore.apply(served, context);
    const Order shown = order(served);
    const auto choices = explore.choices(list(), std::span(shown).first(4), context);
    ASSERT_EQ(choices.size(), 4U);
    for (std::size_t slot = 0; slot < 4; ++slot) {
      double total = 0, own = 0;
      for (const ExploreRule::Choice& choice : choices[slot]) {
        total += choice.probability;
        if (choice.item == shown[slot]) own = choice.probability;
      }
      EXPECT_NEAR(total, 1, 1e-12);
      EXPECT_NEAR(own, served[slot].propensity, 1e-12) << "seed " << seed << ", slot " << slot;
    }
  }
  // What the rule could never have shown has no choice of its own, and the slots after are judged all the same.
  const auto foreign = explore.choices(list(), Order{99, 0}, {.items = items_, .now_ms = 1400, .seed = 1, .k = 2});
  for (const auto& choice : foreign[0]) EXPECT_NE(choice.item, 99U);
  EXPECT_EQ(foreign[1].size(), foreign[0].size());
}

INSTANTIATE_TEST_SUITE_P(Policies, Explore,
                         testing::Values(ExplorationPolicy::kUniform, ExplorationPolicy::kThompson,
                                         ExplorationPolicy::kUcb));

TEST(ExploreRule, RefusesOptionsOutOfRange) {
  EXPECT_EQ(ExploreRule::create({.share = 1.5}).status().field(), "share");
  EXPECT_EQ(ExploreRule::create({.most_impressions = -1}).status().field(), "most_impressions");
  EXPECT_EQ(ExploreRule::create({.most_age_ms = -1}).status().field(), "most_age_ms");
  EXPECT_EQ(ExploreRule::create({.most_pool = 0}).status().field(), "most_pool");
  EXPECT_FALSE(parse_exploration_policy("greedy").is_ok());
}

}  // namespace
}  // namespace tamis::ranker
