// The estimators: by hand on a few lists, and in a hundred logs of a world whose truth is known.
#include "engine/off_policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "common/random.h"
#include "engine/measure/reward_model.h"

namespace tamis {
namespace {

LoggedSlot slot(double reward, double propensity, double probability, double model_reward = 0, double model_value = 0) {
  return {reward, propensity, probability, model_reward, model_value};
}

// Two slots; the candidate shows the first item of list 1 half as often, the second of it surely.
std::vector<LoggedList> two_lists() {
  return {{.user = 1, .slots = {slot(1, 0.5, 0.25, 0.6, 0.5), slot(0, 0.5, 1, 0.2, 0.4)}},
          {.user = 2, .slots = {slot(0, 0.5, 0.75, 0.4, 0.5), slot(1, 0.25, 0.5, 0.3, 0.4)}}};
}

TEST(OffPolicyTest, ByHandUnderPrefix) {
  // Ratios: list 1 .5, 2; list 2 1.5, 2. Weights, their products: .5, 1; 1.5, 3.
  const auto estimates = estimate_off_policy(two_lists(), {});
  EXPECT_DOUBLE_EQ(estimates.logged.value, 1);  // (1 + 1) / 2
  EXPECT_DOUBLE_EQ(estimates.ips.value, (0.5 * 1 + 3 * 1) / 2);
  EXPECT_DOUBLE_EQ(estimates.snips.value, 0.5 / 2 + 3.0 / 4);
  // List 1: .5 + .5 (1 - .6) + .5 * .4 + 1 (0 - .2) = .7; list 2: .5 + 1.5 (0 - .4) + 1.5 * .4 + 3 (1 - .3) = 2.6.
  EXPECT_NEAR(estimates.dr.value, (0.7 + 2.6) / 2, 1e-12);
  // IPS contributions .5 and 3 around 1.75: sqrt(2 * 1.25^2 * 2 / 1) / 2.
  EXPECT_NEAR(estimates.ips.standard_error, 1.25, 1e-12);
  EXPECT_NEAR(estimates.ips.high - estimates.ips.value, 1.959963985 * 1.25, 1e-8);
  // Slot 1: mean .25 of weights .5, 1.5; slot 2: .75 of weights 1, 3. Influence of list 1:
  // 2/2 * .5 * .75 + 2/4 * 1 * -.75 = 0; of list 2: 1 * 1.5 * -.25 + .5 * 3 * .25 = 0.
  EXPECT_NEAR(estimates.snips.standard_error, 0, 1e-12);
  EXPECT_DOUBLE_EQ(estimates.effective_sample_size, 4.0 / 2.5);  // slot 1: 2^2 / (.25 + 2.25); slot 2: 16 / 10
  EXPECT_DOUBLE_EQ(estimates.support, 1);
  EXPECT_FALSE(estimates.is_deterministic);
  EXPECT_DOUBLE_EQ(estimates.largest_weight, 3);
}

TEST(OffPolicyTest, ByHandUnderSlotAndWithCutWeights) {
  // Weights: .5, 2; 1.5, 2.
  const auto slotwise = estimate_off_policy(two_lists(), {.assumption = RewardAssumption::kSlot});
  EXPECT_DOUBLE_EQ(slotwise.ips.value, (0.5 + 2) / 2);
  EXPECT_DOUBLE_EQ(slotwise.snips.value, 0.5 / 2 + 2.0 / 4);
  // .5 + .5 * .4 + .4 + 2 * -.2 = .7;  .5 + 1.5 * -.4 + .4 + 2 * .7 = 1.7
  EXPECT_NEAR(slotwise.dr.value, 1.2, 1e-12);
  const auto cut = estimate_off_policy(two_lists(), {.max_weight = 1});  // weights .5, 1; 1, 1
  EXPECT_DOUBLE_EQ(cut.ips.value, (0.5 + 1) / 2);
  EXPECT_DOUBLE_EQ(cut.clipped_share, 0.5);
  EXPECT_DOUBLE_EQ(cut.largest_weight, 3);
}

TEST(OffPolicyTest, ListsOfOneUserVaryTogether) {
  std::vector<LoggedList> lists;
  for (std::uint64_t user = 0; user < 50; ++user) {
    for (int copy = 0; copy < 4; ++copy) lists.push_back({user, {slot(user % 2 == 0 ? 1 : 0, 1, 1)}});
  }
  const auto estimates = estimate_off_policy(lists, {});
  EXPECT_DOUBLE_EQ(estimates.ips.value, 0.5);
  EXPECT_NEAR(estimates.ips.standard_error, 0.5 / std::sqrt(49), 1e-12) << "four copies say no more than one";
  EXPECT_EQ(estimates.users, 50u);
}

TEST(OffPolicyTest, WithoutSupportItSaysWhy) {
  EXPECT_NE(support_fault(estimate_off_policy({}, {}), 50), "");
  std::vector<LoggedList> same, other, rare;
  Random random(1);
  for (std::uint64_t user = 0; user < 1'000; ++user) {
    same.push_back({user, {slot(1, 1, 1)}});
    other.push_back({user, {slot(1, 1, user % 3 == 0 ? 0 : 1)}});  // shows something else to every third
    rare.push_back({user, {random.uniform() < 0.01 ? slot(1, 0.01, 1) : slot(1, 0.99, 0)}});
  }
  EXPECT_EQ(support_fault(estimate_off_policy(same, {}), 50), "") << "the funnel itself needs no chance";
  const std::string deterministic = support_fault(estimate_off_policy(other, {}), 50);
  EXPECT_NE(deterministic.find("propensity 1"), std::string::npos) << deterministic;
  const std::string small = support_fault(estimate_off_policy(rare, {}), 50);
  EXPECT_NE(small.find("weigh as much as"), std::string::npos) << small;
}

TEST(RewardModelTest, PositionsAndItemsActAsFactors) {
  engine::RewardModel model;
  for (int i = 0; i < 10'000; ++i) {
    for (DenseId item = 0; item < 2; ++item) {
      for (std::size_t position = 0; position < 2; ++position)
        model.add(item, position, i % 100 < (item == 0 ? 40 : 20) / (position == 0 ? 1 : 2) ? 1 : 0);
    }
  }
  model.fit();
  EXPECT_NEAR(model.predict(0, 0), 0.4, 0.005);
  EXPECT_NEAR(model.predict(0, 1), 0.2, 0.005);
  EXPECT_NEAR(model.predict(1, 1), 0.1, 0.005);
  EXPECT_NEAR(model.predict(99, 0), 0.3, 0.005) << "an unknown item is like any";
}

// A world of kItems items with click probabilities of their own, a position effect, and a bonus where a like item
// stands above: so that slots are not independent.
class World {
 public:
  static constexpr std::size_t kItems = 6, kSlots = 3;
  using List = std::array<std::size_t, kSlots>;

  // Of an item in a slot under the slots above.
  static double click(const List& list, std::size_t slot) {
    const double base = 0.05 + 0.03 * static_cast<double>(list[slot]);
    const bool follows_like = slot > 0 && list[slot - 1] % 2 == list[slot] % 2;
    return base / std::sqrt(static_cast<double>(slot + 1)) * (follows_like ? 1.4 : 1);
  }
  // The policies: the best left with 1 - share, else any left. `order` ranks the items.
  struct Policy {
    std::array<std::size_t, kItems> order;
    double share;
    double probability(const List& list, std::size_t slot) const {
      const auto is_used = [&](std::size_t item) {
        return std::find(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(slot), item) !=
               list.begin() + static_cast<std::ptrdiff_t>(slot);
      };
      const std::size_t best = *std::find_if_not(order.begin(), order.end(), is_used);
      return share / static_cast<double>(kItems - slot) + (list[slot] == best ? 1 - share : 0);
    }
    List draw(Random* random) const {
      List list{};
      std::vector<std::size_t> left(order.begin(), order.end());
      for (std::size_t slot = 0; slot < kSlots; ++slot) {
        const std::size_t at = random->uniform() < share ? random->below(static_cast<std::uint32_t>(left.size())) : 0;
        list[slot] = left[at];
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(at));
      }
      return list;
    }
    // Its value by a great many lists: to about 0.0003.
    double value() const {
      Random random(99);
      double sum = 0;
      for (int i = 0; i < 300'000; ++i) {
        const List list = draw(&random);
        for (std::size_t slot = 0; slot < kSlots; ++slot) sum += click(list, slot);
      }
      return sum / 300'000;
    }
  };
  static Policy logging() { return {{0, 1, 2, 3, 4, 5}, 0.9}; }
  static Policy candidate() { return {{5, 3, 4, 2, 1, 0}, 0.3}; }

  static std::vector<LoggedList> log(std::uint64_t seed, std::size_t count) {
    Random random(seed);
    const Policy logs = logging();
    const Policy judged = candidate();
    std::vector<List> shown;
    std::vector<std::array<double, kSlots>> rewards;
    engine::CrossFittedReward model;
    for (std::size_t i = 0; i < count; ++i) {
      const List& list = shown.emplace_back(logs.draw(&random));
      auto& reward = rewards.emplace_back();
      for (std::size_t slot = 0; slot < kSlots; ++slot) {
        reward[slot] = random.uniform() < click(list, slot) ? 1 : 0;
        model.add(i, static_cast<DenseId>(list[slot]), slot, reward[slot]);
      }
    }
    model.fit();
    std::vector<LoggedList> lists;
    for (std::size_t i = 0; i < count; ++i) {
      LoggedList& made = lists.emplace_back(LoggedList{.user = i, .slots = {}});
      List other = shown[i];
      for (std::size_t slot = 0; slot < kSlots; ++slot) {
        double value = 0;
        for (std::size_t item = 0; item < kItems; ++item) {
          if (std::find(shown[i].begin(), shown[i].begin() + static_cast<std::ptrdiff_t>(slot), item) !=
              shown[i].begin() + static_cast<std::ptrdiff_t>(slot))
            continue;
          other = shown[i];
          other[slot] = item;
          value += judged.probability(other, slot) * model.for_user(i).predict(static_cast<DenseId>(item), slot);
        }
        made.slots.push_back({rewards[i][slot], logs.probability(shown[i], slot), judged.probability(shown[i], slot),
                              model.for_user(i).predict(static_cast<DenseId>(shown[i][slot]), slot), value});
      }
    }
    return lists;
  }
};

TEST(OffPolicyTest, TheTruthLiesWithinTheIntervalsInNinetyOfAHundredLogs) {
  const double truth = World::candidate().value();
  const double logged = World::logging().value();
  ASSERT_GT(std::abs(truth - logged), 0.05) << "the policies must differ for this to say anything";
  int ips = 0, snips = 0, dr = 0;
  double ips_width = 0, dr_width = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const auto estimates = estimate_off_policy(World::log(seed, 4'000), {});
    ASSERT_EQ(support_fault(estimates, 50), "");
    const auto covers = [&](const ValueEstimate& estimate) { return estimate.low <= truth && truth <= estimate.high; };
    ips += covers(estimates.ips) ? 1 : 0;
    snips += covers(estimates.snips) ? 1 : 0;
    dr += covers(estimates.dr) ? 1 : 0;
    ips_width += estimates.ips.standard_error;
    dr_width += estimates.dr.standard_error;
    EXPECT_LT(estimates.logged.high, truth) << "what was logged is no estimate of the candidate";
  }
  EXPECT_GE(ips, 90);
  EXPECT_GE(snips, 90);
  EXPECT_GE(dr, 90);
  EXPECT_LT(dr_width, ips_width) << "the model takes variance away";
  RecordProperty("ips", ips);
  RecordProperty("snips", snips);
  RecordProperty("dr", dr);
}

}  // namespace
}  // namespace tamis
