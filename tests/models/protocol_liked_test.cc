#include "models/evaluate/protocol_liked.h"

#include <gmock/gmock.h>

#include "common/random.h"
#include "temporary_directory.h"

namespace tamis::models {
namespace {

using testing::HasSubstr;

// Two kinds of items. Everybody rates the first kind high; of the second kind, every `n`th user rates all items low,
// the others high.
class Liked : public testing::Test {
 protected:
  void SetUp() override { write(40, 200, 4'000, 2); }
  void write(int users, int items, int ratings, int n) {
    Random random(3);
    std::string text;
    for (int time = 0; time < ratings; ++time) {
      const int user = time % users;
      const auto item = static_cast<int>(random.below(static_cast<std::uint32_t>(items)));
      const bool low = item >= items / 2 && user % n == 0;
      text += std::to_string(user) + "::" + std::to_string(item) + "::" + std::to_string(low ? 1 : 5) +
              "::" + std::to_string(time) + "\n";
    }
    file_ = directory_.write("ratings", text);
  }
  std::map<std::string, double> metrics(const char* feedback) const {
    const Settings settings = {
        {"dim", "4"}, {"unobserved_weight", "0.1"}, {"regularization", "0.003"}, {"feedback", feedback}};
    const auto report = evaluate_liked(file_, "ials", settings, {.threads = 1});
    EXPECT_TRUE(report.is_ok()) << report.status().to_string();
    return report->metrics;
  }

  TemporaryDirectory directory_;
  std::filesystem::path file_;
};

// Among few items, likes alone recommend what a minority turned down.
TEST_F(Liked, WhatIsTurnedDownLeavesTheLists) {
  write(160, 60, 8'000, 4);
  const double before = metrics("likes").at("disliked@20");
  EXPECT_GT(before, 0.03);
  EXPECT_LT(metrics("thresholds").at("disliked@20"), before * 0.75);
  EXPECT_LT(metrics("centred").at("disliked@20"), before * 0.75);
}

TEST_F(Liked, WhatIsLikedRises) {
  const auto before = metrics("likes");
  const auto thresholds = metrics("thresholds");
  const auto centred = metrics("centred");
  for (const auto& after : {thresholds, centred}) {
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
