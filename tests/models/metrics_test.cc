#include "models/metrics.h"

#include <gtest/gtest.h>

#include <vector>

namespace tamis::models {
namespace {

using Ids = std::vector<std::uint32_t>;

// Worked by hand: hits at ranks 1 and 3 of four relevant items.
TEST(Metrics, ByHand) {
  const UserMetrics at4 = user_metrics(Ids{7, 1, 9, 2}, Ids{3, 5, 7, 9}, 4);
  EXPECT_DOUBLE_EQ(at4.recall, 0.5);
  EXPECT_NEAR(at4.ndcg, (1 + 0.5) / (1 + 0.6309297535714575 + 0.5 + 0.43067655807339306), 1e-12);
  EXPECT_EQ(at4.hr, 1);
  EXPECT_EQ(at4.mrr, 1);
  EXPECT_NEAR(at4.map, (1 + 2.0 / 3) / 4, 1e-12);
}

TEST(Metrics, IdealIsCutAtK) {
  const UserMetrics at2 = user_metrics(Ids{1, 7, 9}, Ids{3, 5, 7, 9}, 2);
  EXPECT_DOUBLE_EQ(at2.recall, 0.25);  // recall divides by all that is relevant
  EXPECT_NEAR(at2.ndcg, 0.6309297535714575 / (1 + 0.6309297535714575), 1e-12);
  EXPECT_EQ(at2.mrr, 0.5);
  EXPECT_DOUBLE_EQ(at2.map, 0.25);
}

TEST(Metrics, PerfectAndEmptyLists) {
  const UserMetrics perfect = user_metrics(Ids{5, 3}, Ids{3, 5}, 20);
  EXPECT_DOUBLE_EQ(perfect.recall, 1);
  EXPECT_DOUBLE_EQ(perfect.ndcg, 1);
  EXPECT_DOUBLE_EQ(perfect.map, 1);
  for (const UserMetrics& none : {user_metrics({}, Ids{3}, 20), user_metrics(Ids{1, 2}, Ids{3}, 20),
                                  user_metrics(Ids{3}, {}, 20), user_metrics(Ids{3}, Ids{3}, 0)}) {
    EXPECT_EQ(none.recall + none.ndcg + none.hr + none.mrr + none.map, 0);
  }
}

TEST(Metrics, Gini) {
  EXPECT_DOUBLE_EQ(gini_coefficient(std::vector<std::uint64_t>{4, 4, 4}), 0);
  EXPECT_DOUBLE_EQ(gini_coefficient(std::vector<std::uint64_t>{0, 0, 0, 8}), 0.75);
  // |differences| of 1, 2, 3 sum to 8 over ordered pairs; 8 / (2 * n^2 * mean) = 8 / 36.
  EXPECT_NEAR(gini_coefficient(std::vector<std::uint64_t>{3, 1, 2}), 8.0 / 36, 1e-12);
  EXPECT_EQ(gini_coefficient({}), 0);
  EXPECT_EQ(gini_coefficient(std::vector<std::uint64_t>{0, 0}), 0);
}

}  // namespace
}  // namespace tamis::models
