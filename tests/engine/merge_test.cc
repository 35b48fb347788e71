#include "engine/retrieval/merge.h"

#include <gtest/gtest.h>

#include <vector>

namespace tamis::engine {
namespace {

CandidateList make_list(double weight, std::vector<models::ScoredId> candidates) {
  return {.label = "test", .weight = weight, .candidates = std::move(candidates), .note = {}};
}

std::vector<DenseId> ids_of(const std::vector<RankedItem>& items) {
  std::vector<DenseId> ids;
  for (const RankedItem& item : items) ids.push_back(item.item);
  return ids;
}

TEST(ReciprocalRank, SumsWeightOverSixtyPlusRank) {
  const std::vector<CandidateList> lists = {make_list(1, {{10, 9.F}, {20, 8.F}, {30, 7.F}}),
                                            make_list(2, {{30, 0.2F}, {20, 0.1F}})};
  const auto merged = merge_candidates(lists, MergeMethod::kReciprocalRank, 10);
  // By hand: 30: 1/63 + 2/61; 20: 1/62 + 2/62; 10: 1/61.
  ASSERT_EQ(ids_of(merged), (std::vector<DenseId>{30, 20, 10}));
  EXPECT_DOUBLE_EQ(merged[0].score, 1.0 / 63 + 2.0 / 61);
  EXPECT_DOUBLE_EQ(merged[1].score, 3.0 / 62);
  EXPECT_DOUBLE_EQ(merged[2].score, 1.0 / 61);
}

TEST(ReciprocalRank, BreaksTiesByIdAndKeepsTheLimit) {
  const std::vector<CandidateList> lists = {make_list(1, {{7, 1.F}, {1, 0.5F}}), make_list(1, {{3, 1.F}, {2, 0.5F}})};
  EXPECT_EQ(ids_of(merge_candidates(lists, MergeMethod::kReciprocalRank, 3)), (std::vector<DenseId>{3, 7, 1}));
}

TEST(NormalizedScore, ScalesEachListToItsExtremes) {
  const std::vector<CandidateList> lists = {make_list(1, {{1, 10.F}, {2, 6.F}, {3, 2.F}}),
                                            make_list(0.5, {{3, -1.F}, {2, -3.F}})};
  const auto merged = merge_candidates(lists, MergeMethod::kNormalizedScore, 10);
  // By hand, with steps of 8/3 and 1: 1: 1; 2: (4 + 8/3) / (8 + 8/3) + 0.5 * 1/3; 3: (8/3) / (8 + 8/3) + 0.5.
  ASSERT_EQ(ids_of(merged), (std::vector<DenseId>{1, 2, 3}));
  EXPECT_DOUBLE_EQ(merged[0].score, 1);
  EXPECT_DOUBLE_EQ(merged[1].score, 0.625 + 0.5 / 3);
  EXPECT_DOUBLE_EQ(merged[2].score, 0.75);
}

TEST(NormalizedScore, CountsAListOfEqualScoresInFull) {
  const std::vector<CandidateList> lists = {make_list(0.3, {{4, 5.F}, {5, 5.F}})};
  const auto merged = merge_candidates(lists, MergeMethod::kNormalizedScore, 10);
  ASSERT_EQ(merged.size(), 2u);
  EXPECT_DOUBLE_EQ(merged[0].score, 0.3);
  EXPECT_DOUBLE_EQ(merged[1].score, 0.3);
}

TEST(Interleave, TakesTurnsByWeight) {
  const std::vector<CandidateList> lists = {make_list(2, {{1, 9.F}, {2, 8.F}, {3, 7.F}, {4, 6.F}}),
                                            make_list(1, {{11, 1.F}, {12, 1.F}})};
  const auto merged = merge_candidates(lists, MergeMethod::kInterleave, 10);
  // Credits by hand, (A, B): (2,1) A -> (-1,1); (1,2) B -> (1,-1); (3,0) A -> (0,0); and so on: A B A, A B A.
  EXPECT_EQ(ids_of(merged), (std::vector<DenseId>{1, 11, 2, 3, 12, 4}));
  EXPECT_DOUBLE_EQ(merged[0].score, 1);
  EXPECT_DOUBLE_EQ(merged[3].score, 0.25);
}

TEST(Interleave, DoesNotSpendATurnOnAnItemThatIsIn) {
  const std::vector<CandidateList> lists = {make_list(1, {{1, 9.F}, {2, 8.F}}),
                                            make_list(1, {{1, 5.F}, {2, 4.F}, {3, 3.F}})};
  EXPECT_EQ(ids_of(merge_candidates(lists, MergeMethod::kInterleave, 10)), (std::vector<DenseId>{1, 2, 3}));
}

TEST(Merge, GivesNothingForNothing) {
  const std::vector<CandidateList> lists = {make_list(1, {}), make_list(1, {})};
  for (const auto method : {MergeMethod::kReciprocalRank, MergeMethod::kInterleave, MergeMethod::kNormalizedScore}) {
    EXPECT_TRUE(merge_candidates(lists, method, 10).empty());
    EXPECT_TRUE(merge_candidates({}, method, 10).empty());
  }
}

}  // namespace
}  // namespace tamis::engine
