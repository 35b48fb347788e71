#include "models/protocol_liked.h"

#include <gmock/gmock.h>

#include "common/random.h"
#include "temporary_directory.h"

namespace tamis::models {
namespace {

using testing::HasSubstr;

// Two kinds of items. Everybody rates the first kind high; odd users rate the second kind high, even users low.
class Liked : public testing::Test {
 protected:
  void SetUp() override {
    constexpr int kUsers = 40;
    constexpr int kItems = 200;
    Random random(3);
    std::string text;
    for (int time = 0; time < 4'000; ++time) {
      const int user = time % kUsers;
      const auto item = static_cast<int>(random.below(kItems));
      const bool low = item >= kItems / 2 && user % 2 == 0;
      text += std::to_string(user) + "::" + std::to_string(item) + "::" + std::to_string(low ? 1 : 5) +
              "::" + std::to_string(time) + "\n";
    }
    file_ = directory_.write("ratings", text);
  }
  std::map<std::string, double> metrics(const char* feedback) const {
    const auto report = evaluate_liked(file_, "ials", {{"dim", "4"}, {"feedback", feedback}}, {.threads = 1});
    EXPECT_TRUE(report.is_ok()) << report.status().to_string();
    return report->metrics;
  }

  TemporaryDirectory directory_;
  std::filesystem::path file_;
};

TEST_F(Liked, WhatIsTurnedDownLeavesTheLists) {
  const auto before = metrics("likes");
  const auto thresholds = metrics("thresholds");
  const auto centred = metrics("centred");
  for (const auto& after : {thresholds, centred}) {
    EXPECT_LE(after.at("disliked@20"), before.at("disliked@20"));
    EXPECT_GT(after.at("ndcg@10"), before.at("ndcg@10"));
    EXPECT_GT(after.at("recall@20"), before.at("recall@20"));
  }
}

TEST_F(Liked, CountsWhatWasLearnedFrom) {
  const auto report = evaluate_liked(file_, "popular", {{"report", "validation"}}, {.threads = 1});
  ASSERT_TRUE(report.is_ok()) << report.status().to_string();
  EXPECT_EQ(report->data.at("users"), 40);
  EXPECT_GT(report->data.at("disliked_pairs"), 100);
  EXPECT_NEAR(report->data.at("users_who_like"), 40, 2);
}

TEST_F(Liked, RefusesWhatItCannotMeasure) {
  EXPECT_THAT(evaluate_liked(file_, "mf", {}, {}).status().message(), HasSubstr("mf"));
  EXPECT_EQ(evaluate_liked(file_, "ials", {{"feedback", "odd"}}, {}).status().field(), "feedback");
  EXPECT_EQ(evaluate_liked(file_, "ials", {{"liked", "6"}}, {}).status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace tamis::models
