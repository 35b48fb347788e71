// Training seen from the database: the generation serves, survives a reopen, and follows deletions.
#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>

#include "tests/engine/camps_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::Contains;
using ::testing::Not;

class DatabaseLearningTest : public CampsTest {
 protected:
  Job train() {
    Job job = CampsTest::train();
    EXPECT_EQ(job.state, JobState::kSucceeded) << job.detail;
    return job;
  }

  // The definition of near_item(): all inner products.
  std::vector<std::string> nearest_by_vectors(const std::string& item, std::size_t k) {
    const auto query = database->get_vector("ials", EntityKind::kItem, item)->vector;
    std::vector<std::pair<float, std::string>> scored;
    for (const auto& other : listed(EntityKind::kItem)) {
      const auto vector = database->get_vector("ials", EntityKind::kItem, other)->vector;
      if (other != item)
        scored.emplace_back(-std::inner_product(query.begin(), query.end(), vector.begin(), 0.0f), other);
    }
    std::sort(scored.begin(), scored.end());
    std::vector<std::string> items;
    for (std::size_t i = 0; i < k && i < scored.size(); ++i) items.push_back(scored[i].second);
    return items;
  }

  std::vector<std::string> near_item(const std::string& item, std::uint32_t k = 50) {
    SearchRequest request;
    request.space = "ials";
    request.query = item;
    request.k = k;
    request.exact = true;
    const auto answer = database->search(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    std::vector<std::string> items;
    if (!answer.is_ok()) return items;
    for (const auto& found : answer->items) items.push_back(found.id);
    return items;
  }
};

TEST_F(DatabaseLearningTest, ATrainedGenerationServesAndSurvives) {
  open();
  write_camps();
  const Job job = train();
  EXPECT_EQ(database->stats().generation, job.generation);
  ASSERT_TRUE(database->get_space("ials").is_ok());
  EXPECT_EQ(database->get_space("ials")->dim, 8u);
  EXPECT_EQ(database->get_vector("ials", EntityKind::kItem, "i0")->vector.size(), 8u);

  const auto near = near_item("i0", 8);
  EXPECT_EQ(near, nearest_by_vectors("i0", 8)) << "the index is that of the factors";
  for (const auto& item : near) EXPECT_EQ(std::stoi(item.substr(1)) % 2, 0) << item << " is of the other camp";
  // A stranger's first purchase decides what they are shown next.
  view("newcomer", "i2");
  const auto shown = recommended("newcomer", 5);
  ASSERT_EQ(shown.size(), 5u);
  for (const auto& item : shown) EXPECT_EQ(std::stoi(item.substr(1)) % 2, 0) << item;

  for (const bool with_files : {true, false}) {
    close();
    if (!with_files) std::filesystem::remove_all(directory / "data/index");
    open();
    EXPECT_EQ(database->stats().generation, job.generation);
    EXPECT_EQ(near_item("i0", 8), near);
    EXPECT_EQ(recommended("newcomer", 5), shown);
  }
}

TEST_F(DatabaseLearningTest, ADeletedItemLeavesTheGenerationAndReturnsWithItsFactor) {
  open();
  write_camps();
  train();
  ASSERT_THAT(near_item("i0"), Contains("i2"));
  write({DeleteEntity{EntityKind::kItem, "i2"}});
  EXPECT_THAT(near_item("i0"), Not(Contains("i2")));
  close();
  open();
  EXPECT_THAT(near_item("i0"), Not(Contains("i2"))) << "the factors are still in the generation's files";
  write({put_item("i2")});
  EXPECT_THAT(near_item("i0"), Contains("i2"));
}

TEST_F(DatabaseLearningTest, ASnapshotHoldsTheGeneration) {
  open();
  write_camps();
  const Job job = train();
  const Status made = database->snapshot(directory / "snapshot");
  ASSERT_TRUE(made.is_ok()) << made.to_string();
  const auto shown = recommended("u7", 10);
  close();
  const Status restored = Database::restore(directory / "snapshot", directory / "restored", options);
  ASSERT_TRUE(restored.is_ok()) << restored.to_string();
  auto opened = Database::open(directory / "restored", options);
  ASSERT_TRUE(opened.is_ok());
  database = std::move(opened).value();
  EXPECT_EQ(database->stats().generation, job.generation);
  EXPECT_EQ(recommended("u7", 10), shown);
}

// A person trains one model today and another tomorrow: the lists of the default funnel stay as good.
TEST_F(DatabaseLearningTest, OneModelAfterAnotherLeavesTheListsAsGood) {
  open();
  write_camps();
  train();
  const auto of_own_camp = [&] {
    int count = 0;
    for (int user = 0; user < 60; ++user)
      for (const std::string& item : recommended("u" + std::to_string(user), 5))
        count += std::stoi(item.substr(1)) % 2 == user % 2 ? 1 : 0;
    return count;
  };
  const int before = of_own_camp();
  ASSERT_GT(before, 280);
  for (const char* model : {"user_knn", "bpr", "popular", "ease", "item_knn"}) {
    const Job job = CampsTest::train({.models = {model}});
    ASSERT_EQ(job.state, JobState::kSucceeded) << model << ": " << job.detail;
    EXPECT_EQ(database->stats().generation, job.generation) << model;
    EXPECT_GE(of_own_camp(), before - 3) << model;
    EXPECT_TRUE(database->get_space("ials").is_ok()) << model;
  }
  const Job many = CampsTest::train(
      {.models = {"popular", "item_knn", "user_knn", "ials", "ease", "graph_filter", "bspm", "mf", "bpr"}});
  ASSERT_EQ(many.state, JobState::kSucceeded) << many.detail;
  EXPECT_GE(of_own_camp(), before - 3);
  train();
  EXPECT_EQ(database->list_generations().front().models.size(), 8u)
      << "mf has no ratings; special members are learned, too";
  EXPECT_GE(of_own_camp(), before - 3);
  // Members of several origins survive a restart, and items that are newer than some of them are served.
  view("u4", "i-new");
  view("u6", "i-new");
  ASSERT_EQ(CampsTest::train({.models = {"item_knn"}}).state, JobState::kSucceeded);
  const auto shown = recommended("u8", 10);
  close();
  open();
  EXPECT_EQ(recommended("u8", 10), shown);
  EXPECT_EQ(database->stats().generation_problem, "");
}

TEST_F(DatabaseLearningTest, ClosingCancelsTraining) {
  open();
  write_camps();
  ASSERT_TRUE(database->train({}).is_ok());
  close();
  open();
  EXPECT_TRUE(database->stats().writable);
}

}  // namespace
}  // namespace tamis::engine
