// Item vectors between trainings, seen from the database: refits, new items, reopening, deletions.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/engine/camps_fixture.h"

namespace tamis::engine {
namespace {

class DatabaseOnlineTest : public CampsTest {
 protected:
  DatabaseOnlineTest() { options.online.enabled = true; }

  void learn() {
    open();
    write_camps();
    ASSERT_EQ(train().state, JobState::kSucceeded);
    settle();
  }
  void settle() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (database->stats().online.waiting > 0 || database->stats().online.refitted < expected_) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  // Even users take an item that the generation does not know, or one of the odd camp.
  void meet(const std::string& item, int users) {
    std::vector<Mutation> batch;
    for (int user = 0; user < users; ++user)
      batch.push_back(PutInteraction{interaction("u" + std::to_string(2 * user), item, "purchase")});
    expected_ = database->stats().online.refitted + 1;
    write(std::move(batch));
    settle();
  }
  std::vector<float> vector_of(const std::string& item) {
    auto vector = database->get_vector("ials", EntityKind::kItem, item);
    return vector.is_ok() ? vector->vector : std::vector<float>();
  }
  bool eventually_is(const std::string& item, const std::vector<float>& vector) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (vector_of(item) != vector && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return vector_of(item) == vector;
  }
  // How many of the ten items nearest to this one are of the camp; 0: the even one.
  int neighbours_in_camp(const std::string& item, int camp) {
    SearchRequest request;
    request.space = "ials";
    request.query = item;
    request.k = 10;
    request.exact = true;
    const auto near = database->search(request);
    EXPECT_TRUE(near.is_ok()) << near.status().to_string();
    if (!near.is_ok()) return 0;
    return static_cast<int>(std::count_if(near->items.begin(), near->items.end(), [&](const auto& found) {
      return found.id.starts_with("i") && std::stoi(found.id.substr(1)) % 2 == camp;
    }));
  }

 private:
  std::uint64_t expected_ = 0;
};

TEST_F(DatabaseOnlineTest, AReopenComesToTheSameWithAndWithoutIndexFiles) {
  learn();
  meet("i1", 30);
  meet("fresh", 8);
  meet("i1", 60);
  const auto moved = vector_of("i1");
  const auto placed = vector_of("fresh");
  ASSERT_FALSE(placed.empty());
  for (const bool with_files : {true, false}) {
    close();
    if (!with_files) std::filesystem::remove_all(directory / "data/index");
    open();
    EXPECT_EQ(database->stats().online.waiting, 0u) << "recovery waits for a few";
    EXPECT_EQ(vector_of("i1"), moved);
    EXPECT_EQ(vector_of("fresh"), placed);
  }
  close();
  options.online.enabled = false;
  open();
  EXPECT_NE(vector_of("i1"), moved) << "as trained";
  EXPECT_TRUE(vector_of("fresh").empty());
}

TEST_F(DatabaseOnlineTest, WhatDeletedUsersDidIsUndone) {
  learn();
  const auto trained = vector_of("i1");
  std::vector<Mutation> batch;
  for (int user = 0; user < 20; ++user)
    batch.push_back(PutInteraction{interaction("passer-by" + std::to_string(user), "i0", "purchase")});
  for (int user = 0; user < 20; ++user)
    batch.push_back(PutInteraction{interaction("passer-by" + std::to_string(user), "i1", "purchase")});
  write(std::move(batch));
  meet("i3", 1);
  const auto moved = vector_of("i1");
  EXPECT_NE(moved, trained);
  std::vector<Mutation> gone;
  for (int user = 0; user < 20; ++user)
    gone.push_back(DeleteEntity{EntityKind::kUser, "passer-by" + std::to_string(user)});
  write(std::move(gone));
  settle();
  EXPECT_TRUE(eventually_is("i1", trained));
}

TEST_F(DatabaseOnlineTest, ADeletedItemStaysAway) {
  learn();
  meet("fresh", 8);
  write({DeleteEntity{EntityKind::kItem, "fresh"}});
  meet("i1", 3);
  EXPECT_TRUE(vector_of("fresh").empty());
  EXPECT_EQ(database->stats().spaces.at(0).item_vectors, 40u);
}

// The trained space mixes the camps a little, so what is asked of a refitted item is what the trained ones show.
TEST_F(DatabaseOnlineTest, NewItemsLandAmongThoseOfTheUsersWhoMetThem) {
  learn();
  double trained = 0;
  for (int item = 0; item < 40; ++item) trained += neighbours_in_camp("i" + std::to_string(item), item % 2) / 40.0;
  meet("fresh", 2);
  EXPECT_TRUE(vector_of("fresh").empty()) << "too few met it";
  meet("fresh", 8);
  ASSERT_EQ(vector_of("fresh").size(), 8u);
  EXPECT_GT(trained, 6) << "of 10; 5 by chance";
  EXPECT_GE(neighbours_in_camp("fresh", 0), trained);
}

TEST_F(DatabaseOnlineTest, ANewGenerationStartsOverAndARolledBackOneCatchesUp) {
  options.training.gate_tolerance = 1;  // these few users measure the second one lower, by chance
  learn();
  meet("fresh", 8);
  const auto refitted = vector_of("fresh");
  ASSERT_EQ(train().state, JobState::kSucceeded);
  ASSERT_EQ(database->list_generations().at(0).state, "serving");
  const auto trained = vector_of("fresh");
  ASSERT_EQ(trained.size(), 8u);
  EXPECT_NE(trained, refitted);
  const auto back = database->rollback();
  ASSERT_TRUE(back.is_ok()) << back.status().to_string();
  EXPECT_TRUE(eventually_is("fresh", refitted)) << "the older generation catches up, to the same";
}

}  // namespace
}  // namespace tamis::engine
