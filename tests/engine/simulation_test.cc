// A reduced run of `tamis simulate`: exploration must pay.
#include "engine/simulation/simulation.h"

#include <gtest/gtest.h>

#include "engine/simulation/click_model.h"
#include "tests/engine/temporary_directory.h"

namespace tamis::engine {
namespace {

DatabaseOptions quiet() {
  DatabaseOptions options;
  options.storage.block_cache_bytes = 8ull << 20;
  options.storage.memtable_bytes = 8ull << 20;
  options.training.threads = 2;
  return options;
}

SimulationOptions small(const TemporaryDirectory& directory) {
  SimulationOptions options;
  options.population = {.users = 80, .items = 80, .new_items = 4, .rounds = 24, .groups = 6};
  options.train_every = 4;
  options.scratch = directory / "simulated";
  return options;
}

TEST(SimulationTest, ExplorationRaisesCoverageAndLongRunClicks) {
  const TemporaryDirectory directory;
  const auto rounds = simulate(small(directory), quiet());
  ASSERT_TRUE(rounds.is_ok()) << rounds.status().to_string();
  ASSERT_EQ(rounds->size(), 48U);
  double clicks[2] = {};
  double coverage[2] = {};
  for (const SimulatedRound& round : *rounds) {
    if (round.round <= 16) continue;
    clicks[round.arm == "explore"] += round.clicks_per_list;
    coverage[round.arm == "explore"] += round.coverage;
  }
  EXPECT_GT(coverage[1], coverage[0] * 1.1);
  EXPECT_GT(clicks[1], clicks[0] * 1.05);
}

TEST(SimulationTest, FollowsFromItsSeed) {
  const TemporaryDirectory directory;
  SimulationOptions options = small(directory);
  options.population.rounds = 6;
  const auto once = simulate(options, quiet());
  const auto again = simulate(options, quiet());
  ASSERT_TRUE(once.is_ok() && again.is_ok());
  EXPECT_EQ(simulation_csv(*once), simulation_csv(*again));
  options.population.seed = 7;
  const auto other = simulate(options, quiet());
  ASSERT_TRUE(other.is_ok());
  EXPECT_NE(simulation_csv(*once), simulation_csv(*other));
}

TEST(ClickModelTest, ClicksAsOftenAsItSays) {
  Random random(5);
  const std::vector<double> attractions = {0.5, 0.5, 0.8};
  std::vector<double> counts(3);
  constexpr int kDraws = 50'000;
  for (int draw = 0; draw < kDraws; ++draw)
    for (const std::size_t slot : draw_clicks(attractions, 1.0, random)) counts[slot] += 1.0 / kDraws;
  EXPECT_NEAR(counts[0], 0.5, 0.01);
  EXPECT_NEAR(counts[1], 0.25, 0.01);
  EXPECT_NEAR(counts[2], 0.8 / 3, 0.01);
}

}  // namespace
}  // namespace tamis::engine
