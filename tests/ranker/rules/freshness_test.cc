#include "ranker/rules/freshness.h"

#include <cmath>

#include "common/clock.h"
#include "tests/ranker/rules/fake_items.h"

namespace tamis::ranker {
namespace {

FreshnessRule rule(Decay decay, double weight = 1) {
  return *FreshnessRule::create({.field = "at",
                                 .decay = decay,
                                 .scale_ms = 10 * kDayMs,
                                 .offset_ms = 2 * kDayMs,
                                 .decay_at_scale = 0.5,
                                 .weight = weight,
                                 .missing_age_ms = 12 * kDayMs});
}

TEST(FreshnessRule, DecaysByHand) {
  for (const Decay decay : {Decay::kExponential, Decay::kGauss, Decay::kLinear}) {
    EXPECT_DOUBLE_EQ(rule(decay).decay(-kDayMs), 1);
    EXPECT_DOUBLE_EQ(rule(decay).decay(2 * kDayMs), 1);
    EXPECT_DOUBLE_EQ(rule(decay).decay(12 * kDayMs), 0.5);
  }
  EXPECT_NEAR(rule(Decay::kExponential).decay(22 * kDayMs), 0.25, 1e-12);
  EXPECT_NEAR(rule(Decay::kGauss).decay(22 * kDayMs), 0.0625, 1e-12);
  EXPECT_NEAR(rule(Decay::kLinear).decay(22 * kDayMs), 0, 1e-12);
  EXPECT_NEAR(rule(Decay::kExponential).decay(7 * kDayMs), std::sqrt(0.5), 1e-12);
  EXPECT_NEAR(rule(Decay::kLinear).decay(7 * kDayMs), 0.75, 1e-12);
}

TEST(FreshnessRule, LowersOldItemsAndKeepsTheirOrder) {
  FakeItems items;
  const TimestampMs now = 1000 * kDayMs;
  items[0].features = {{"at", Timestamp{now - 100 * kDayMs}}};
  items[1].features = {{"at", Timestamp{now - kDayMs}}};
  items[2].features = {};  // as of twelve days
  items[3].features = {{"at", Timestamp{now - 90 * kDayMs}}};
  CandidateList list = scored({{0, 1.0}, {3, 0.9}, {1, 0.5}, {2, 0.4}});
  rule(Decay::kLinear).apply(list, {.items = items, .now_ms = now});
  EXPECT_EQ(order(list), (Order{1, 2, 0, 3}));
  EXPECT_DOUBLE_EQ(list[1].score, 0.2);

  list = scored({{0, 1.0}, {1, 0.5}});
  rule(Decay::kLinear, 0.4).apply(list, {.items = items, .now_ms = now});
  EXPECT_EQ(order(list), (Order{0, 1}));
  EXPECT_DOUBLE_EQ(list[0].score, 0.6);
}

TEST(FreshnessRule, RefusesOptionsOutOfRange) {
  const auto field = [](FreshnessRule::Options options) { return FreshnessRule::create(options).status().field(); };
  EXPECT_EQ(field({.field = ""}), "field");
  EXPECT_EQ(field({.field = "at", .scale_ms = 0}), "scale_ms");
  EXPECT_EQ(field({.field = "at", .offset_ms = -1}), "offset_ms");
  EXPECT_EQ(field({.field = "at", .decay_at_scale = 1}), "decay_at_scale");
  EXPECT_EQ(field({.field = "at", .weight = 2}), "weight");
  EXPECT_EQ(field({.field = "at", .missing_age_ms = -1}), "missing_age_ms");
}

TEST(FreshnessRule, UnderstandsTimesOfEveryKind) {
  constexpr TimestampMs kNow = 1'700'000'000'000;
  const std::vector<std::pair<FeatureValue, FeatureValue>> old_and_new = {
      {Timestamp{kNow - 100 * kDayMs}, Timestamp{kNow - kDayMs}},
      {static_cast<double>(kNow - 100 * kDayMs), static_cast<double>(kNow - kDayMs)},
      {static_cast<double>(kNow - 100 * kDayMs) / 1000, static_cast<double>(kNow - kDayMs) / 1000},
      {format_rfc3339(kNow - 100 * kDayMs), format_rfc3339(kNow - kDayMs)},
      {Text{format_rfc3339(kNow - 100 * kDayMs)}, Text{format_rfc3339(kNow - kDayMs)}},
  };
  for (const auto& [old, recent] : old_and_new) {
    FakeItems items;
    items[0].features = {{"at", old}};
    items[1].features = {{"at", recent}};
    CandidateList list = scored({{0, 1}, {1, 0.9}});
    rule(Decay::kExponential).apply(list, {.items = items, .now_ms = kNow});
    EXPECT_EQ(order(list), (Order{1, 0})) << old.index();
  }
}

TEST(FreshnessRule, CountsATimeToComeAsNone) {
  FakeItems items;
  constexpr TimestampMs kNow = 1'700'000'000'000;
  items[0].features = {{"at", Timestamp{kNow + 1'000 * kDayMs}}};
  items[1].features = {{"at", Timestamp{kNow}}};
  items[2].features = {};
  CandidateList list = scored({{0, 1}, {1, 1}, {2, 1}});
  rule(Decay::kExponential).apply(list, {.items = items, .now_ms = kNow});
  EXPECT_EQ(list[0].item, 1u);
  EXPECT_DOUBLE_EQ(list[1].score, list[2].score);
}

}  // namespace
}  // namespace tamis::ranker
