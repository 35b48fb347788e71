#include "engine/learn/sample_users.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "engine/generations/generation_files.h"
#include "engine/learn/train_generation.h"

namespace tamis::engine {
namespace {

// Users of even and of odd number have items of their own; each takes one an hour, in an order of their own.
Dataset two_camps(std::uint32_t users, std::uint32_t each) {
  Dataset dataset;
  dataset.types = {"view"};
  for (std::uint32_t user = 0; user < users; ++user) dataset.users.push_back("user-" + std::to_string(user));
  for (std::uint32_t item = 0; item < 60; ++item) dataset.items.push_back("item-" + std::to_string(item));
  for (std::uint32_t i = 0; i < each; ++i) {
    for (std::uint32_t user = 0; user < users; ++user) {
      dataset.events.push_back({.user = user,
                                .item = (7 * user + 11 * i + i * i) % 30 * 2 + user % 2,
                                .weight = 1,
                                .timestamp_ms = 1'700'000'000'000 + i * 3'600'000LL + user});
    }
  }
  dataset.interactions = dataset.events.size();
  dataset.event_types.assign(dataset.events.size(), 0);
  dataset.event_values.assign(dataset.events.size(), 1);
  dataset.event_baskets.assign(dataset.events.size(), 3);
  return dataset;
}

std::map<std::string, std::vector<std::string>> histories(const Dataset& dataset) {
  std::map<std::string, std::vector<std::string>> by_user;
  for (const models::TimedInteraction& event : dataset.events)
    by_user[dataset.users.at(event.user)].push_back(dataset.items.at(event.item));
  return by_user;
}

TEST(SampleUsers, ItHoldsAllThatItsUsersDidAndNothingElse) {
  const Dataset all = two_camps(300, 10);
  const Dataset sample = sample_users(all, 1'000);
  EXPECT_EQ(sample.events.size(), 1'000U);
  EXPECT_EQ(sample.users.size(), 100U);
  EXPECT_EQ(sample.items, all.items);
  EXPECT_EQ(sample.event_types.size(), sample.events.size());
  EXPECT_EQ(sample.event_values.size(), sample.events.size());
  EXPECT_EQ(sample.event_baskets.size(), sample.events.size());
  EXPECT_TRUE(std::is_sorted(sample.events.begin(), sample.events.end(),
                             [](const auto& a, const auto& b) { return a.timestamp_ms < b.timestamp_ms; }));
  auto whole = histories(all);
  for (const auto& [user, items] : histories(sample)) EXPECT_EQ(items, whole.at(user)) << user;
}

TEST(SampleUsers, ALaterRunTakesTheSameUsersAsFarAsTheyFit) {
  const Dataset before = sample_users(two_camps(300, 10), 1'000);
  const Dataset after = sample_users(two_camps(310, 11), 1'000);
  const std::set<std::string> first(before.users.begin(), before.users.end());
  const auto again =
      std::count_if(after.users.begin(), after.users.end(), [&](const auto& user) { return first.contains(user); });
  EXPECT_GT(again, 80);
  EXPECT_EQ(sample_users(two_camps(5, 10), 1).users.size(), 1U) << "one user at least";
}

TEST(SampleUsers, ServedListsFollowTheirUsers) {
  const Dataset all = two_camps(30, 10);
  const Dataset sample = sample_users(all, 100);
  std::vector<ServedList> served(30);
  for (std::uint32_t user = 0; user < 30; ++user) {
    served[user].user = user;
    served[user].items = {user};
  }
  const std::vector<ServedList> kept = served_to(served, all, sample);
  ASSERT_EQ(kept.size(), 10U);
  for (const ServedList& list : kept) EXPECT_EQ(sample.users.at(list.user), all.users.at(list.items.front()));
}

TEST(SampleUsers, ARunMeasuresOnThemAndLearnsFromAll) {
  const auto dir = std::filesystem::temp_directory_path() / ("sampled-run-" + std::to_string(::getpid()));
  std::filesystem::remove_all(dir);
  const Dataset all = two_camps(400, 20);
  for (const std::vector<std::string>& models :
       {std::vector<std::string>{"auto"}, std::vector<std::string>{"popular", "item_knn", "ials"}}) {
    const TrainingRun run{.generation = "g1",
                          .created_ms = 1'700'000'000'000,
                          .models = models,
                          .settings = {},
                          .budget_s = 20,
                          .measured_events = 3'000,
                          .clock = {}};
    RunControl control;
    control.threads = 2;
    const auto made = train_generation(all, run, dir, control);
    ASSERT_TRUE(made.is_ok()) << made.status().to_string();
    EXPECT_THAT(made->note, testing::HasSubstr("on a sample of 150 of 400 users"));
    EXPECT_THAT(made->models, testing::IsSupersetOf({"popular", "item_knn", "ials"}));
    EXPECT_GT(made->metrics.at("ials").at("ndcg_all@10"), 0);
    const auto learned = read_generation(dir);
    ASSERT_TRUE(learned.is_ok()) << learned.status().to_string();
    EXPECT_EQ(learned->users.size(), 400U);
    std::filesystem::remove_all(dir);
  }
}

}  // namespace
}  // namespace tamis::engine
