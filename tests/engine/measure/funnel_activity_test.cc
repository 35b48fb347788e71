// The groups that served lists are counted in: bounded in number, and those of what is gone make room.
#include "engine/measure/funnel_activity.h"

#include <gtest/gtest.h>

#include <set>

namespace tamis::engine {
namespace {

class FunnelActivityTest : public testing::Test {
 protected:
  void serve(const std::string& funnel, const std::string& experiment = {}) {
    const storage::Impression list = list_of(funnel, experiment);
    activity_.add_list(activity_.groups_of(list), kNowMs, items_);
  }
  static storage::Impression list_of(const std::string& funnel, const std::string& experiment = {}) {
    storage::Impression list;
    list.funnel = funnel;
    if (!experiment.empty()) list.arms.push_back({experiment, "a"});
    return list;
  }
  // Lists of a funnel in the window "all"; -1 where it has no figures.
  long lists(const std::string& funnel, const std::string& experiment = {}) const {
    for (const auto& figures : activity_.figures(kNowMs)) {
      if (figures.funnel == funnel && figures.experiment == experiment)
        return static_cast<long>(figures.windows[2].lists);
    }
    return -1;
  }

  static constexpr TimestampMs kNowMs = 1'700'000'000'000;
  const std::vector<DenseId> items_ = {1, 2, 3};
  std::set<std::string> there_ = {"default"};  // funnels and experiments
  FunnelActivity activity_{[this](const std::string& funnel, const std::string& experiment) {
    return there_.contains(experiment.empty() ? funnel : experiment);
  }};
};

TEST_F(FunnelActivityTest, WhatIsGoneHasNoFigures) {
  there_ = {"default", "home", "test"};
  serve("default");
  serve("home", "test");
  EXPECT_EQ(lists("home"), 1);
  EXPECT_EQ(lists("home", "test"), 1);
  there_ = {"default", "home"};
  EXPECT_EQ(lists("home", "test"), -1);
  EXPECT_EQ(lists("home"), 1);
  there_ = {"default"};
  EXPECT_EQ(lists("home"), -1);
  there_.insert("home");
  EXPECT_EQ(lists("home"), 1) << "a funnel that returns goes on counting";
}

TEST_F(FunnelActivityTest, ThoseThatAreGoneMakeRoom) {
  for (int i = 0; i < 1'000; ++i) {
    const std::string name = "f" + std::to_string(i);
    there_ = {"default", name};
    serve(name);
    ASSERT_EQ(lists(name), 1) << name;
  }
  EXPECT_EQ(lists("other"), -1);
}

TEST_F(FunnelActivityTest, WithoutRoomWhatComesLaterIsOther) {
  for (int i = 0; i < 300; ++i) {
    there_.insert("f" + std::to_string(i));
    serve("f" + std::to_string(i));
  }
  EXPECT_LE(activity_.figures(kNowMs).size(), FunnelActivity::kMaxGroups);
  EXPECT_EQ(lists("f0"), 1);
  EXPECT_EQ(lists("f299"), -1);
  EXPECT_EQ(lists("other"), 300 - static_cast<long>(FunnelActivity::kMaxGroups) + 1);
}

TEST_F(FunnelActivityTest, ListsOfAGroupThatIsNoMoreAreForgottenWithoutHarm) {
  there_ = {"old"};
  serve("old");
  serve("old");
  const std::vector<std::uint32_t> old = activity_.find_groups(list_of("old"));
  for (int i = 0; i < 300; ++i) {
    there_ = {"f" + std::to_string(i)};
    serve("f" + std::to_string(i));
  }
  EXPECT_TRUE(activity_.find_groups(list_of("old")).empty());
  activity_.add_outcome(old, kNowMs, {.type = 0, .is_first_click = true});
  activity_.forget_list(old, items_);
  there_ = {"old"};
  serve("old");
  activity_.forget_list(activity_.find_groups(list_of("old")), items_);
  activity_.forget_list(activity_.find_groups(list_of("old")), items_);
  EXPECT_EQ(lists("old"), 0) << "never below nothing";
}

}  // namespace
}  // namespace tamis::engine
