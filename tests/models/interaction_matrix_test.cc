#include "models/interaction_matrix.h"

#include <gmock/gmock.h>

namespace tamis::models {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(InteractionMatrix, SortsAndSumsRepeatedPairs) {
  const auto matrix = make_interaction_matrix(3, 4, {{2, 3, 1}, {0, 2, 2}, {0, 1, 1}, {0, 2, 0.5}, {2, 0, 4}});
  EXPECT_EQ(matrix.nonzeros(), 4);
  EXPECT_THAT(matrix.row_columns(0), ElementsAre(1, 2));
  EXPECT_THAT(matrix.row_weights(0), ElementsAre(1, 2.5));
  EXPECT_THAT(matrix.row_columns(1), IsEmpty());
  EXPECT_THAT(matrix.row_columns(2), ElementsAre(0, 3));
}

TEST(InteractionMatrix, KeepsTheSameColumnOfNeighbouringRowsApart) {
  const auto matrix = make_interaction_matrix(2, 2, {{0, 1, 1}, {1, 1, 1}});
  EXPECT_EQ(matrix.nonzeros(), 2);
}

TEST(InteractionMatrix, TransposesWithAscendingRows) {
  const auto matrix = make_interaction_matrix(3, 4, {{2, 3, 1}, {0, 2, 2}, {0, 3, 1}, {1, 3, 7}});
  const auto transposed = matrix.transpose();
  EXPECT_EQ(transposed.rows, 4);
  EXPECT_EQ(transposed.columns, 3);
  EXPECT_THAT(transposed.row_columns(3), ElementsAre(0, 1, 2));
  EXPECT_THAT(transposed.row_weights(3), ElementsAre(1, 7, 1));
  EXPECT_THAT(transposed.row_columns(0), IsEmpty());
}

TEST(InteractionMatrix, MayBeEmpty) {
  const auto matrix = make_interaction_matrix(0, 0, {});
  EXPECT_EQ(matrix.nonzeros(), 0);
  EXPECT_EQ(matrix.transpose().rows, 0);
  EXPECT_THAT(make_interaction_matrix(2, 0, {}).row_columns(1), IsEmpty());
}

}  // namespace
}  // namespace tamis::models
