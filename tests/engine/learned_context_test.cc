// The context of interactions, learned by the models that read a request's: what is taken on the phone, and at the
// desk.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "common/random.h"
#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

class LearnedContextTest : public DatabaseTest {
 protected:
  static constexpr int kItems = 40;

  // All users take odd items on the phone and even ones at the desk, on days of their own.
  void fill() {
    options.training.settings["ials"] = {{"dim", "4"}, {"iterations", "2"}};
    options.training.settings["two_tower"] = {
        {"dim", "8"}, {"epochs", "20"}, {"batch", "64"}, {"uniform_negatives", "20"}, {"learning_rate", "0.05"}};
    options.training.settings["dlrm"] = {{"window", "0.2"}, {"windows", "2"},   {"candidates", "40"},
                                         {"epochs", "10"},  {"batch", "256"},   {"dim", "8"},
                                         {"top", "32"},     {"repeats", "true"}};
    options.training.threads = 1;
    options.training.gate_tolerance = 1;  // the tail that measures knows nothing of devices
    open();
    Random random(3);
    std::vector<Mutation> mutations;
    for (int item = 0; item < kItems; ++item)
      mutations.push_back(put_item(name_of(item), {{"side", std::string(item % 2 == 1 ? "odd" : "even")}}));
    for (int day = 0; day < 60; ++day) {
      for (int user = 0; user < 40; ++user) {
        const bool on_phone = random.below(2) == 1;
        for (int i = 0; i < 2; ++i) {
          const int item = static_cast<int>(random.below(kItems / 2)) * 2 + (on_phone ? 1 : 0);
          Interaction made = interaction("u" + std::to_string(user), name_of(item), "click");
          made.timestamp_ms = clock.now_ms() - (60 - day) * 86'400'000LL + i * 60'000;
          made.context = {{"device", std::string(on_phone ? "phone" : "desk")}};
          mutations.push_back(PutInteraction{std::move(made)});
        }
      }
    }
    write(std::move(mutations));
  }

  // Of popular items, shown whatever the device, users click the odd ones on the phone and the even ones at the desk.
  void see_lists() {
    Random random(4);
    for (int step = 0; step < 400; ++step) {
      clock.advance(60'000);
      const bool on_phone = random.below(2) == 1;
      RecommendRequest request{.user = "u" + std::to_string(random.below(40)), .k = 12};
      request.override_funnel = FunnelConfig::default_funnel();
      request.override_funnel->retrievers = {{.kind = "popular", .quota = 12, .weight = 1, .space = ""}};
      request.override_funnel->exclude_seen = false;
      request.context = {{"device", std::string(on_phone ? "phone" : "desk")}};
      const auto list = database->recommend(request);
      ASSERT_TRUE(list.is_ok()) << list.status().to_string();
      for (const RecommendedItem& item : list->items) {
        if (is_odd(item.item) != on_phone || random.uniform() > 0.4) continue;
        Interaction made = interaction(request.user, item.item, "click");
        made.recommendation_id = list->recommendation_id;
        write({PutInteraction{std::move(made)}});
      }
    }
  }

  static std::string name_of(int item) { return "i" + std::to_string(item); }

  static bool is_odd(const std::string& item) { return std::stoi(item.substr(1)) % 2 == 1; }

  void train(std::vector<std::string> models) {
    auto job = database->train({.models = std::move(models), .promote = true});
    ASSERT_TRUE(job.is_ok()) << job.status().to_string();
    while (job.is_ok() && (job->state == JobState::kQueued || job->state == JobState::kRunning))
      job = database->wait_job(job->id, *job, std::chrono::seconds(10));
    ASSERT_TRUE(job.is_ok() && job->state == JobState::kSucceeded) << (job.is_ok() ? job->detail : "");
  }

  // Of the ten best for each of ten users with that device, the share of odd items.
  double odd_share(FunnelConfig funnel, const std::string& device) {
    funnel.exclude_seen = false;
    int odd = 0;
    int all = 0;
    for (int user = 0; user < 10; ++user) {
      RecommendRequest request{.user = "u" + std::to_string(user), .k = 10};
      request.override_funnel = funnel;
      if (!device.empty()) request.context = {{"device", device}};
      const auto answer = database->recommend(request);
      EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
      if (!answer.is_ok()) return 0;
      for (const RecommendedItem& item : answer->items) {
        odd += is_odd(item.item) ? 1 : 0;
        ++all;
      }
    }
    EXPECT_EQ(all, 100);
    return static_cast<double>(odd) / all;
  }
};

TEST_F(LearnedContextTest, TwoTowerServesTheDevice) {
  fill();
  train({"two_tower"});
  FunnelConfig funnel = FunnelConfig::default_funnel();
  funnel.retrievers = {{.kind = "ann", .quota = 10, .weight = 1, .space = "two_tower"}};
  funnel.ranker = {};
  const double phone = odd_share(funnel, "phone");
  const double desk = odd_share(funnel, "desk");
  EXPECT_GT(phone, 0.8);
  EXPECT_LT(desk, 0.2);
  const double neither = odd_share(funnel, "");  // served without a context, too
  EXPECT_LT(neither, phone - 0.1);
  EXPECT_GT(neither, desk + 0.3);
}

TEST_F(LearnedContextTest, TheRankerOrdersByTheDeviceThatListsWereServedTo) {
  fill();
  see_lists();
  train({"ials", "dlrm"});
  FunnelConfig funnel = FunnelConfig::default_funnel();
  funnel.retrievers = {{.kind = "popular", .quota = kItems, .weight = 1, .space = ""}};
  funnel.ranker = {.kind = "dlrm", .candidates = kItems, .objective = ""};
  EXPECT_GT(odd_share(funnel, "phone"), 0.8);
  EXPECT_LT(odd_share(funnel, "desk"), 0.2);
}

}  // namespace
}  // namespace tamis::engine
