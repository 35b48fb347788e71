#include "ranker/rules/diversity.h"

#include <algorithm>
#include <cmath>

#include "common/random.h"
#include "tests/ranker/rules/fake_items.h"

namespace tamis::ranker {
namespace {

// Two near-twins on top, an item at a right angle behind.
CandidateList twins(FakeItems& items) {
  items[0].embedding = {1, 0};
  items[1].embedding = {3, 0.1F};
  items[2].embedding = {0, 2};
  return scored({{0, 1.0}, {1, 0.9}, {2, 0.5}});
}

TEST(MmrRule, TakesTheUnlikeItemSecond) {
  FakeItems items;
  CandidateList list = twins(items);
  MmrRule::create(1)->apply(list, {.items = items});
  EXPECT_EQ(order(list), (Order{0, 1, 2}));
  // Scaled scores 1, .8, 0: .5 * .8 - .5 * .999 < .5 * 0 - 0.
  MmrRule::create(0.5)->apply(list, {.items = items});
  EXPECT_EQ(order(list), (Order{0, 2, 1}));
  EXPECT_EQ(list[1].score, 0.5) << "scores stay";
}

TEST(MmrRule, LeavesWhatLiesBehindTheSlotsAndItemsWithoutVectors) {
  FakeItems items;
  CandidateList list = twins(items);
  items[3] = {};
  list.push_back({.item = 3, .score = 0.4});
  MmrRule::create(0.5)->apply(list, {.items = items, .k = 2});
  EXPECT_EQ(order(list), (Order{0, 2, 1, 3}));
  CandidateList empty;
  MmrRule::create(0.5)->apply(empty, {.items = items});
  EXPECT_TRUE(empty.empty());
}

TEST(DppRule, TakesTheUnlikeItemSecond) {
  FakeItems items;
  CandidateList list = twins(items);
  DppRule::create(0.1)->apply(list, {.items = items});
  EXPECT_EQ(order(list), (Order{0, 2, 1}));
  list = twins(items);
  DppRule::create(50)->apply(list, {.items = items});
  EXPECT_EQ(list[0].item, 0U);
}

// log det of a kernel's submatrix, by elimination.
double log_volume(const FakeItems& items, const std::vector<std::uint32_t>& chosen, std::span<const double> quality) {
  const std::size_t n = chosen.size();
  std::vector<double> a(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const auto x = items.embedding(chosen[i]);
      const auto y = items.embedding(chosen[j]);
      double dot = 0, xx = 0, yy = 0;
      for (std::size_t d = 0; d < x.size(); ++d) {
        dot += double{x[d]} * double{y[d]};
        xx += double{x[d]} * double{x[d]};
        yy += double{y[d]} * double{y[d]};
      }
      a[i * n + j] = quality[chosen[i]] * quality[chosen[j]] * (1 + dot / std::sqrt(xx * yy)) / 2;
    }
  }
  double log_determinant = 0;
  for (std::size_t p = 0; p < n; ++p) {
    log_determinant += std::log(a[p * n + p]);
    for (std::size_t i = p + 1; i < n; ++i) {
      for (std::size_t j = p + 1; j < n; ++j) a[i * n + j] -= a[i * n + p] * a[p * n + j] / a[p * n + p];
    }
  }
  return log_determinant;
}

TEST(DppRule, EachSlotAddsTheMostVolume) {
  for (std::uint64_t seed = 21; seed < 31; ++seed) {
    Random random(seed);
    FakeItems items;
    CandidateList list;
    std::vector<double> quality;
    for (std::uint32_t i = 0; i < 14; ++i) {
      for (int d = 0; d < 4; ++d) items[i].embedding.push_back(static_cast<float>(random.normal()));
      list.push_back({.item = i, .score = 1 - i / 13.0});
      quality.push_back(std::exp(0.5 * (list.back().score - 1)));
    }
    DppRule::create(0.5)->apply(list, {.items = items, .k = 5});
    Order chosen;
    for (std::size_t slot = 0; slot < 5; ++slot) {
      std::uint32_t best = 0;
      double best_volume = -1e300;
      for (std::uint32_t item = 0; item < 14; ++item) {
        if (std::find(chosen.begin(), chosen.end(), item) != chosen.end()) continue;
        Order with = chosen;
        with.push_back(item);
        const double volume = log_volume(items, with, quality);
        if (volume > best_volume) {
          best = item;
          best_volume = volume;
        }
      }
      EXPECT_EQ(list[slot].item, best) << "seed " << seed << ", slot " << slot;
      chosen.push_back(list[slot].item);
    }
  }
}

TEST(Diversity, BothRulesRaiseIt) {
  Random random(22);
  FakeItems items;
  CandidateList list;
  for (std::uint32_t i = 0; i < 60; ++i) {  // three clusters, the best items all of the first
    for (int d = 0; d < 6; ++d)
      items[i].embedding.push_back(static_cast<float>((d == static_cast<int>(i / 20) ? 3 : 0) + random.normal()));
    list.push_back({.item = i, .score = 1 - i / 60.0});
  }
  const double before = intra_list_diversity(list, items, 10);
  CandidateList mmr = list;
  MmrRule::create(0.6)->apply(mmr, {.items = items});
  CandidateList dpp = list;
  DppRule::create(1)->apply(dpp, {.items = items});
  EXPECT_GT(intra_list_diversity(mmr, items, 10), 1.3 * before);
  EXPECT_GT(intra_list_diversity(dpp, items, 10), 1.3 * before);
  for (const CandidateList& changed : {mmr, dpp}) {
    Order sorted = order(changed);
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(sorted, order(list)) << "a permutation";
  }
}

TEST(Diversity, RefusesOptionsOutOfRange) {
  EXPECT_FALSE(MmrRule::create(1.1).is_ok());
  EXPECT_FALSE(DppRule::create(-1).is_ok());
}

// Two hundred items in twenty groups of like vectors; every second one has no vector.
TEST(Diversity, IsNeutralToItemsWithoutVectors) {
  constexpr std::uint32_t kItems = 200;
  constexpr std::size_t kSlots = 10;
  for (const bool is_dpp : {false, true}) {
    for (const double relevance : {0.3, 0.5, 0.7}) {
      double unknown = 0;
      constexpr int kLists = 20;
      for (int seed = 0; seed < kLists; ++seed) {
        Random random(static_cast<std::uint64_t>(seed));
        FakeItems items;
        CandidateList list;
        for (std::uint32_t i = 0; i < kItems; ++i) {
          items[i] = {};
          list.push_back({.item = i, .score = 1 - 0.004 * i});
          if (i % 2 == 0) continue;
          std::vector<float> vector(8, 0.3F);
          vector[random() % 8] += 2;
          for (float& x : vector) x += static_cast<float>(random.uniform());
          items[i].embedding = vector;
        }
        const RuleContext context{.items = items, .k = kSlots};
        if (is_dpp) {
          DppRule::create(relevance)->apply(list, context);
        } else {
          MmrRule::create(relevance)->apply(list, context);
        }
        for (std::size_t slot = 0; slot < kSlots; ++slot) unknown += items.embedding(list[slot].item).empty() ? 1 : 0;
      }
      EXPECT_GE(unknown / kLists, 2) << is_dpp << " " << relevance;
      EXPECT_LE(unknown / kLists, 7) << is_dpp << " " << relevance;
    }
  }
}

TEST(Diversity, TellsOfItemsWithoutVectors) {
  FakeItems items;
  CandidateList list = twins(items);
  EXPECT_EQ(MmrRule::create(0.5)->note(list, {.items = items}), "");
  items[3] = {};
  list.push_back({.item = 3, .score = 0.4});
  EXPECT_EQ(MmrRule::create(0.5)->note(list, {.items = items}),
            "1 of 4 items have no vector; they count as of mean similarity");
  EXPECT_NE(DppRule::create(0.5)->note(list, {.items = items}), "");
}

}  // namespace
}  // namespace tamis::ranker
