// A run that finds models, settings and the default funnel by itself, from training to what people get.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/engine/camps_fixture.h"

namespace tamis::engine {
namespace {

using testing::Contains;
using testing::ElementsAreArray;
using testing::IsSupersetOf;
using testing::Not;
using testing::SizeIs;

class AutomaticTrainingTest : public CampsTest {
 protected:
  AutomaticTrainingTest() {
    options.training.models = {"auto"};
    options.training.budget_s = 30;
  }

  GenerationInfo serving() {
    for (const GenerationInfo& info : database->list_generations())
      if (info.state == "serving") return info;
    ADD_FAILURE() << "no generation serves";
    return {};
  }
  FunnelConfig default_funnel() { return *database->get_funnel("default"); }
  bool is_of_own_camp(const std::string& user) {
    const std::vector<std::string> items = recommended(user, 5);
    return !items.empty() && std::all_of(items.begin(), items.end(), [&](const std::string& item) {
      return std::stoi(item.substr(1)) % 2 == std::stoi(user.substr(1)) % 2;
    });
  }
};

// "ann ials 0.5": what each retriever of the funnel is.
std::vector<std::string> retrievers_of(const FunnelConfig& funnel) {
  std::vector<std::string> texts;
  for (const RetrieverConfig& one : funnel.retrievers)
    texts.push_back(one.kind + " " + one.space + " " + std::to_string(one.weight));
  return texts;
}

std::vector<std::string> steps_of(const GenerationInfo& info) {
  std::vector<std::string> steps;
  for (const SearchTrial& trial : info.trials)
    if (steps.empty() || steps.back() != trial.step) steps.push_back(trial.step);
  return steps;
}

TEST_F(AutomaticTrainingTest, ItFindsAFunnelThatServesFromThenOn) {
  open();
  write_camps();
  EXPECT_EQ(retrievers_of(default_funnel()), retrievers_of(FunnelConfig::default_funnel()));
  const Job job = train();
  ASSERT_EQ(job.state, JobState::kSucceeded) << job.detail;

  const GenerationInfo made = serving();
  EXPECT_THAT(made.models, IsSupersetOf({"popular", "item_knn", "user_knn", "ials"}));
  ASSERT_TRUE(made.default_funnel);
  EXPECT_EQ(retrievers_of(default_funnel()), retrievers_of(*made.default_funnel));
  EXPECT_THAT(steps_of(made), IsSupersetOf({"model", "retriever", "fusion", "funnel"}));
  EXPECT_GT(made.funnels.at("default").ndcg10, 0.2) << "chance is about 0.1";
  EXPECT_EQ(std::count_if(made.trials.begin(), made.trials.end(),
                          [](const SearchTrial& trial) { return trial.step == "funnel" && trial.is_chosen; }),
            1);
  EXPECT_TRUE(is_of_own_camp("u4"));
  EXPECT_TRUE(is_of_own_camp("u7"));
}

TEST_F(AutomaticTrainingTest, WhatWasFoundSurvivesARestart) {
  open();
  write_camps();
  train();
  const GenerationInfo made = serving();
  const std::vector<std::string> items = recommended("u4");
  close();
  open();
  EXPECT_EQ(retrievers_of(default_funnel()), retrievers_of(*made.default_funnel));
  EXPECT_EQ(serving().trials.size(), made.trials.size());
  EXPECT_EQ(recommended("u4"), items);
}

TEST_F(AutomaticTrainingTest, AFunnelThatSomebodyStoredIsLeftAlone) {
  open();
  write_camps();
  FunnelConfig own;
  own.retrievers = {{.kind = "popular", .quota = 7, .space = {}}};
  ASSERT_TRUE(database->put_funnel(own).is_ok());
  train();
  EXPECT_THAT(retrievers_of(default_funnel()), ElementsAreArray(retrievers_of(own)));
  const GenerationInfo made = serving();
  const auto best = std::find_if(made.trials.begin(), made.trials.end(),
                                 [](const SearchTrial& trial) { return trial.step == "funnel" && trial.is_chosen; });
  ASSERT_NE(best, made.trials.end());
  EXPECT_LT(made.funnels.at("default").ndcg10, best->ndcg10 / 2)
      << "the gate looks at what people get: what was stored";
  ASSERT_TRUE(database->delete_funnel("default").is_ok());
  EXPECT_EQ(retrievers_of(default_funnel()), retrievers_of(*serving().default_funnel)) << "it follows again";
}

TEST_F(AutomaticTrainingTest, ARunOfANamedModelKeepsWhatWasFound) {
  open();
  write_camps();
  train();
  const GenerationInfo found = serving();
  const Job job = train({.models = {"bspm"}});
  ASSERT_EQ(job.state, JobState::kSucceeded) << job.detail;
  const GenerationInfo made = serving();
  EXPECT_NE(made.id, found.id);
  EXPECT_THAT(made.models, Contains("bspm"));
  ASSERT_TRUE(made.default_funnel);
  EXPECT_EQ(retrievers_of(*made.default_funnel), retrievers_of(*found.default_funnel));
  EXPECT_THAT(made.chosen, Not(Contains("bspm")));

  train();
  EXPECT_THAT(serving().models, Contains("bspm")) << "what was asked for by name stays, and is learned anew";
  EXPECT_FALSE(serving().inherited.contains("bspm"));
}

TEST_F(AutomaticTrainingTest, WhatFunnelsOfPeopleNameIsLearned) {
  open();
  write_camps();
  FunnelConfig own;
  own.name = "home";
  own.retrievers = {{.kind = "bspm", .quota = 50, .space = {}}};
  ASSERT_TRUE(database->put_funnel(own).is_ok());
  train();
  EXPECT_THAT(serving().models, Contains("bspm"));
}

TEST_F(AutomaticTrainingTest, ARollBackBringsBackTheFunnelOfBefore) {
  open();
  write_camps();
  train({.models = {"popular", "item_knn", "user_knn", "ials"}});
  ASSERT_FALSE(serving().default_funnel);
  train();
  ASSERT_TRUE(serving().default_funnel);
  ASSERT_TRUE(database->rollback().is_ok());
  EXPECT_EQ(retrievers_of(default_funnel()), retrievers_of(FunnelConfig::default_funnel()));
}

// A file sorted by user, without times: the newest tenth would be users whom nobody knows.
TEST_F(AutomaticTrainingTest, AnImportWithoutTimesIsSearchedAllTheSame) {
  open();
  std::vector<Mutation> batch;
  for (int user = 0; user < 200; ++user)
    for (int i = 0; i < 8; ++i)
      batch.push_back(PutInteraction{
          interaction("u" + std::to_string(user), "i" + std::to_string((user + i * i * 6) % 20 * 2 + user % 2))});
  write(std::move(batch));
  const Job job = train();
  ASSERT_EQ(job.state, JobState::kSucceeded) << job.detail;
  const GenerationInfo made = serving();
  ASSERT_TRUE(made.default_funnel) << made.note;
  EXPECT_GT(made.funnels.at("default").users, 100U);
}

// People who buy the same again and again.
TEST_F(AutomaticTrainingTest, WhereMostAreRepeatsListsRepeat) {
  open();
  std::vector<Mutation> batch;
  for (int week = 0; week < 20; ++week)
    for (int user = 0; user < 60; ++user)
      for (int i = 0; i < 2; ++i) {
        Interaction made =
            interaction("u" + std::to_string(user), "i" + std::to_string((user * 3 + i) % 50), "purchase");
        made.timestamp_ms = clock.now_ms() - (20 - week) * 7 * kDayMs + user;
        batch.push_back(PutInteraction{made});
      }
  write(std::move(batch));
  const Job job = train();
  ASSERT_EQ(job.state, JobState::kSucceeded) << job.detail;
  ASSERT_TRUE(serving().default_funnel);
  EXPECT_FALSE(serving().default_funnel->exclude_seen);
  EXPECT_THAT(recommended("u5", 2), testing::UnorderedElementsAre("i15", "i16"));
}

TEST_F(AutomaticTrainingTest, ItHoldsSomethingOutWhereRunsOtherwiseDoNot) {
  options.training.holdout = 0;
  open();
  write_camps();
  ASSERT_EQ(train().state, JobState::kSucceeded);
  ASSERT_TRUE(serving().default_funnel);
  EXPECT_THAT(steps_of(serving()), Contains("funnel"));
}

TEST_F(AutomaticTrainingTest, TheNextRunStartsFromWhatWasFoundAndTriesTheDefaultsToo) {
  for (const char* model : {"bpr", "two_tower", "sasrec"})
    options.training.settings[model] = {{"epochs", "2"}};  // so that none of their trainings is cut short
  options.training.gate_tolerance = 1;
  open();
  write_camps();
  train();
  const auto found = serving().found_settings;
  ASSERT_FALSE(found.empty());
  ASSERT_EQ(train().state, JobState::kSucceeded);
  const GenerationInfo made = serving();
  EXPECT_TRUE(std::any_of(made.trials.begin(), made.trials.end(), [](const SearchTrial& trial) {
    return trial.step == "settings" && trial.detail == "defaults";
  }));
  EXPECT_TRUE(std::any_of(made.trials.begin(), made.trials.end(),
                          [](const SearchTrial& trial) { return trial.name == "in use until now"; }));
}

// A year later few are left, and those few decide nothing.
TEST_F(AutomaticTrainingTest, WhatWasFoundStaysWhereFewReturn) {
  open();
  write_camps();
  train();
  const GenerationInfo found = serving();
  for (int user = 12; user < 200; ++user)
    write({DeleteEntity{.kind = EntityKind::kUser, .id = "u" + std::to_string(user)}});
  const Job job = train();
  ASSERT_EQ(job.state, JobState::kSucceeded) << job.detail;
  EXPECT_THAT(serving().note, testing::HasSubstr("nothing was chosen"));
  ASSERT_TRUE(serving().default_funnel);
  EXPECT_EQ(retrievers_of(default_funnel()), retrievers_of(*found.default_funnel));
  EXPECT_TRUE(is_of_own_camp("u4"));
}

TEST_F(AutomaticTrainingTest, TooLittleIsNoFailure) {
  open();
  for (int i = 0; i < 12; ++i) view("u" + std::to_string(i % 3), "i" + std::to_string(i));
  const Job job = train();
  EXPECT_EQ(job.state, JobState::kSucceeded) << job.detail;
  EXPECT_FALSE(serving().default_funnel) << "three users decide nothing";
  EXPECT_THAT(serving().note, testing::HasSubstr("nothing was chosen"));
  EXPECT_THAT(recommended("u0"), Not(SizeIs(0)));
}

}  // namespace
}  // namespace tamis::engine
