#include "models/neighbors.h"

#include <gmock/gmock.h>

#include <cmath>

#include "random_interactions.h"

namespace tamis::models {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

MATCHER_P2(Scored, id, score, "") {
  return arg.id == static_cast<std::uint32_t>(id) && std::abs(arg.score - score) < 1e-6;
}

// Four users; the similarities below were computed with numpy.
const InteractionMatrix kBinary = make_interaction_matrix(
    4, 4, {{0, 0, 1}, {0, 1, 1}, {1, 0, 1}, {1, 1, 1}, {1, 2, 1}, {2, 2, 1}, {2, 3, 1}, {3, 0, 1}, {3, 3, 1}});
const InteractionMatrix kWeighted = make_interaction_matrix(
    4, 4, {{0, 0, 2}, {0, 1, 1}, {1, 0, 1}, {1, 1, 3}, {1, 2, 1}, {2, 2, 1}, {2, 3, 1}, {3, 0, 1}, {3, 3, 4}});

NeighborTable train(const InteractionMatrix& interactions, const NeighborOptions& options) {
  auto table = train_neighbors(interactions, options, {.threads = 2});
  EXPECT_TRUE(table.is_ok()) << table.status().to_string();
  return std::move(table).value();
}
std::vector<ScoredId> row_of(const NeighborTable& table, std::uint32_t row) {
  std::vector<ScoredId> neighbors;
  for (std::size_t i = 0; i < table.row_neighbors(row).size(); ++i) {
    neighbors.push_back({table.row_neighbors(row)[i], table.row_similarities(row)[i]});
  }
  return neighbors;
}

TEST(Neighbors, CosineOfBinaryRows) {
  const NeighborTable table = train(kBinary, {});
  EXPECT_EQ(table.rows(), 4);
  EXPECT_THAT(row_of(table, 0), ElementsAre(Scored(1, 0.816496581), Scored(3, 0.5)));
  EXPECT_THAT(row_of(table, 1), ElementsAre(Scored(0, 0.816496581), Scored(2, 0.40824829), Scored(3, 0.40824829)));
  EXPECT_THAT(row_of(table, 2), ElementsAre(Scored(3, 0.5), Scored(1, 0.40824829)));
}

TEST(Neighbors, CosineOfWeightedRows) {
  const NeighborTable table = train(kWeighted, {.binary = false});
  EXPECT_THAT(row_of(table, 3), ElementsAre(Scored(2, 0.685994341), Scored(0, 0.216930458), Scored(1, 0.073127242)));
  EXPECT_THAT(row_of(train(kWeighted, {}), 0), ElementsAre(Scored(1, 0.816496581), Scored(3, 0.5)));
}

TEST(Neighbors, AllVariationsTogether) {
  const NeighborTable table =
      train(kBinary, {.shrinkage = 2, .asymmetry = 0.7, .column_weight_exponent = 0.5, .similarity_exponent = 1.5});
  EXPECT_THAT(row_of(table, 1), ElementsAre(Scored(0, 0.215838555), Scored(2, 0.050302255), Scored(3, 0.02972228)));
  EXPECT_THAT(row_of(table, 2), ElementsAre(Scored(3, 0.073859215), Scored(1, 0.059779282)));
}

TEST(Neighbors, KeepsTheBestFew) {
  EXPECT_THAT(row_of(train(kBinary, {.neighbors = 1}), 1), ElementsAre(Scored(0, 0.816496581)));
  EXPECT_THAT(row_of(train(kBinary, {.neighbors = 2}), 1),
              ElementsAre(Scored(0, 0.816496581), Scored(2, 0.40824829)));  // the tie goes to the lower id
}

TEST(Neighbors, SubsamplesLongLists) {
  // Everyone has item 0; with lists cut to 10 of 500, nobody has more than 9 others.
  std::vector<WeightedPair> pairs;
  for (std::uint32_t user = 0; user < 500; ++user) pairs.push_back({.row = user, .column = 0});
  const auto interactions = make_interaction_matrix(500, 1, pairs);
  const NeighborTable all = train(interactions, {.neighbors = 1000});
  const NeighborTable cut = train(interactions, {.neighbors = 1000, .max_row_length = 10});
  EXPECT_EQ(all.row_neighbors(7).size(), 499);
  EXPECT_LE(cut.row_neighbors(7).size(), 10);
  EXPECT_GE(cut.row_neighbors(7).size(), 9);
}

TEST(Neighbors, SameTableForAnyNumberOfThreads) {
  const auto interactions = random_interactions(400, 100, 8, 11);
  const NeighborOptions options{.neighbors = 20, .shrinkage = 3, .binary = false, .similarity_exponent = 2};
  const auto one = train_neighbors(interactions, options, {.threads = 1});
  const auto four = train_neighbors(interactions, options, {.threads = 4});
  ASSERT_TRUE(one.is_ok() && four.is_ok());
  EXPECT_EQ(one->offsets, four->offsets);
  EXPECT_EQ(one->neighbor, four->neighbor);
  EXPECT_EQ(one->similarity, four->similarity);
}

TEST(Neighbors, LiveSearchEqualsTheTable) {
  const auto interactions = random_interactions(60, 40, 6, 12);
  const NeighborOptions options{.neighbors = 15, .shrinkage = 1, .column_weight_exponent = 0.4};
  const NeighborTable table = train(interactions, options);
  const SimilarRows similar(interactions.transpose(), options);
  for (std::uint32_t user = 0; user < interactions.rows; ++user) {
    EXPECT_EQ(similar.find(interactions.row_columns(user), interactions.row_weights(user), 15, user),
              row_of(table, user));
  }
}

TEST(Neighbors, FindsUsersLikeAHistoryNewerThanTheModel) {
  const InteractionMatrix by_item = kBinary.transpose();
  const std::vector<float> norms = {std::sqrt(2.0F), std::sqrt(3.0F), std::sqrt(2.0F), std::sqrt(2.0F)};
  const std::vector<std::uint32_t> history = {0, 2};
  EXPECT_THAT(find_similar_users(by_item, norms, history, 10),
              ElementsAre(Scored(1, 2 / std::sqrt(6.0)), Scored(0, 0.5), Scored(2, 0.5), Scored(3, 0.5)));
  EXPECT_THAT(find_similar_users(by_item, norms, history, 2),
              ElementsAre(Scored(1, 2 / std::sqrt(6.0)), Scored(0, 0.5)));
  EXPECT_THAT(find_similar_users(by_item, norms, {}, 10), IsEmpty());
  const SimilarRows similar(by_item, {});
  EXPECT_THAT(similar.find(history, {}, 1), ElementsAre(Scored(1, 2 / std::sqrt(6.0))));
}

TEST(Neighbors, ScoresItems) {
  // Neighbours of items by hand: 0 -> (1, .5) (2, .25); 1 -> (0, .5) (3, .1); 2 -> none; 3 -> (1, .1).
  const NeighborTable items{
      .offsets = {0, 2, 4, 4, 5}, .neighbor = {1, 2, 0, 3, 1}, .similarity = {.5, .25, .5, .1, .1}};
  const std::vector<std::uint32_t> history = {0, 3};
  const std::vector<float> weights = {2, 1};
  EXPECT_THAT(score_item_knn(items, history, weights, 10), ElementsAre(Scored(1, 1.1), Scored(2, 0.5)));
  EXPECT_THAT(score_item_knn(items, history, {}, 1), ElementsAre(Scored(1, 0.6)));
  EXPECT_THAT(score_item_knn(items, {}, {}, 10), IsEmpty());
}

TEST(Neighbors, ScoresTheVotesOfUsers) {
  const std::vector<ScoredId> users = {{1, 0.8F}, {2, 0.3F}};
  EXPECT_THAT(score_user_knn(users, kBinary, 10),
              ElementsAre(Scored(2, 1.1), Scored(0, 0.8), Scored(1, 0.8), Scored(3, 0.3)));
  EXPECT_THAT(score_user_knn({}, kBinary, 10), IsEmpty());
  EXPECT_THAT(score_user_knn(users, kBinary, 0), IsEmpty());
}

TEST(Neighbors, DegenerateInputs) {
  EXPECT_EQ(train(make_interaction_matrix(0, 0, {}), {}).rows(), 0);
  EXPECT_THAT(train(make_interaction_matrix(1, 1, {{0, 0, 1}}), {}).row_neighbors(0), IsEmpty());
  EXPECT_THAT(train(make_interaction_matrix(3, 2, {}), {}).row_neighbors(2), IsEmpty());
}

TEST(Neighbors, RefusesOptionsOutOfRange) {
  const auto field_of = [](const NeighborOptions& options) {
    return train_neighbors(kBinary, options, {}).status().field();
  };
  EXPECT_EQ(field_of({.neighbors = 0}), "neighbors");
  EXPECT_EQ(field_of({.neighbors = 10'001}), "neighbors");
  EXPECT_EQ(field_of({.shrinkage = -1}), "shrinkage");
  EXPECT_EQ(field_of({.asymmetry = 1.1}), "asymmetry");
  EXPECT_EQ(field_of({.column_weight_exponent = NAN}), "column_weight_exponent");
  EXPECT_EQ(field_of({.similarity_exponent = 0}), "similarity_exponent");
}

TEST(Neighbors, StopsWhenCancelled) {
  const std::atomic<bool> cancelled{true};
  const auto table = train_neighbors(kBinary, {}, {.threads = 1, .report = {}, .cancelled = &cancelled});
  EXPECT_EQ(table.status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tamis::models
