// The ranker learns from what was shown: seen from the database, where clicks on lists and interactions elsewhere tell
// opposite stories.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "common/random.h"
#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

constexpr int kItems = 40;  // every other one is red, the others are blue
constexpr int kUsers = 50;
constexpr int kShown = 12;  // items of a list

bool is_red(const std::string& item) { return std::stoi(item.substr(1)) % 2 == 0; }

class LearningFromImpressionsTest : public DatabaseTest {
 protected:
  LearningFromImpressionsTest() {
    options.training.settings["dlrm"] = {{"windows", "1"},        {"window", "0.4"},          {"candidates", "40"},
                                         {"epochs", "4"},         {"batch", "256"},           {"dim", "4"},
                                         {"top", "16"},           {"min_served", "40"},       {"repeats", "true"},
                                         {"objectives", "click"}, {"features", "item.colour"}};
    options.training.threads = 1;
    options.training.gate_tolerance = 1;  // the tail that measures is of all interactions: mostly blue
  }

  // People find blue items by themselves. Of the lists that they are shown, half of either colour, they click red ones.
  void live() {
    open();
    std::vector<Mutation> items;
    for (int item = 0; item < kItems; ++item)
      items.push_back(put_item("i" + std::to_string(item), {{"colour", std::string(item % 2 == 0 ? "red" : "blue")}}));
    write(std::move(items));
    FunnelConfig funnel = FunnelConfig::default_funnel();
    funnel.name = "newest";
    funnel.retrievers = {{.kind = "latest", .space = ""}};
    funnel.exclude_seen = false;
    ASSERT_TRUE(database->put_funnel(funnel).is_ok());
    for (int step = 0; step < 1'500; ++step) find_by_themselves();
    for (int step = 0; step < 300; ++step) {
      for (int found = 0; found < 4; ++found) find_by_themselves();
      see_a_list();
    }
  }

  // Of the first ten of all items, ranked.
  std::size_t red_of_first_ten() {
    FunnelConfig funnel = FunnelConfig::default_funnel();
    funnel.retrievers = {{.kind = "latest", .quota = kItems, .space = ""}};
    funnel.exclude_seen = false;
    funnel.ranker = {.kind = "dlrm", .candidates = kItems, .objective = ""};
    RecommendRequest request;
    request.user = "u1";
    request.override_funnel = funnel;
    request.dry_run = true;
    const auto answer = database->recommend(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    if (!answer.is_ok()) return 0;
    EXPECT_EQ(answer->items.size(), 10u);
    return static_cast<std::size_t>(std::count_if(answer->items.begin(), answer->items.end(),
                                                  [](const RecommendedItem& item) { return is_red(item.item); }));
  }

  GenerationInfo train() {
    auto job = database->train({.models = {"popular", "item_knn", "dlrm"}});
    while (job.is_ok() && (job->state == JobState::kQueued || job->state == JobState::kRunning))
      job = database->wait_job(job->id, *job, std::chrono::seconds(10));
    EXPECT_TRUE(job.is_ok() && job->state == JobState::kSucceeded) << (job.is_ok() ? job->detail : "");
    const auto generations = database->list_generations();
    EXPECT_FALSE(generations.empty());
    if (generations.empty()) return {};
    EXPECT_EQ(generations.front().state, "serving") << generations.front().note;
    return generations.front();
  }

 private:
  std::string someone() { return "u" + std::to_string(random_.below(kUsers)); }
  void find_by_themselves() {
    clock.advance(1'000);
    const std::uint32_t colour = random_.uniform() < 0.9 ? 1 : 0;
    view_of(someone(), "i" + std::to_string(random_.below(kItems / 2) * 2 + colour), "");
  }
  void see_a_list() {
    clock.advance(1'000);
    RecommendRequest request;
    request.user = someone();
    request.funnel = "newest";
    request.k = kShown;
    const auto list = database->recommend(request);
    ASSERT_TRUE(list.is_ok()) << list.status().to_string();
    for (const RecommendedItem& item : list->items)
      if (random_.uniform() < (is_red(item.item) ? 0.25 : 0.02))
        view_of(request.user, item.item, list->recommendation_id);
  }
  void view_of(const std::string& user, const std::string& item, const std::string& list) {
    Interaction made = interaction(user, item, "click");
    made.recommendation_id = list;
    write({PutInteraction{std::move(made)}});
  }

  Random random_{3};
};

TEST_F(LearningFromImpressionsTest, RanksByWhatWasClickedAmongWhatWasShown) {
  live();
  GenerationInfo learned = train();
  EXPECT_GT(learned.metrics["dlrm"]["served_lists"], 20);
  EXPECT_GT(learned.metrics["dlrm"]["auc.click"], 0.65) << "on lists that were shown later";
  EXPECT_EQ(red_of_first_ten(), 10u);
}

// The same past without enough of lists to learn from.
TEST_F(LearningFromImpressionsTest, RanksByInteractionsWhereTooLittleWasShown) {
  options.training.settings["dlrm"]["min_served"] = "100000";
  live();
  GenerationInfo learned = train();
  EXPECT_FALSE(learned.metrics["dlrm"].contains("served_lists"));
  EXPECT_EQ(red_of_first_ten(), 0u);
}

}  // namespace
}  // namespace tamis::engine
