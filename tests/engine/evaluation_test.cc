#include "engine/learn/evaluation.h"

#include <gmock/gmock.h>

#include "common/random.h"

namespace tamis::engine {
namespace {

// Two clusters: a user's tail is of the cluster of their head.
Dataset clusters() {
  Random random(5);
  Dataset dataset;
  for (int n = 0; n < 60; ++n) dataset.users.push_back("u" + std::to_string(n));
  for (int n = 0; n < 40; ++n) dataset.items.push_back("i" + std::to_string(n));
  for (int turn = 0; turn < 10; ++turn)
    for (std::uint32_t user = 0; user < 60; ++user)
      dataset.events.push_back({.user = user,
                                .item = random.below(20) + (user % 2) * 20,
                                .weight = 1,
                                .timestamp_ms = 1'000'000 + turn * 1'000});
  return dataset;
}

TEST(Evaluation, FindsTheClustersOutOfTime) {
  const TimeSplitOptions options{.holdout = 0.2};
  const auto report = evaluate_time_split(clusters(), options, RunControl{});
  ASSERT_TRUE(report.is_ok()) << report.status().to_string();
  EXPECT_EQ(report->cut_ms, 1'008'000);
  EXPECT_EQ(report->head_interactions, 480);
  EXPECT_EQ(report->tail_interactions, 120);
  EXPECT_LE(report->users, report->users_all);
  EXPECT_EQ(report->users_all, 60);
  ASSERT_EQ(report->models.size(), 4);
  EXPECT_EQ(report->models[0].model, "popular");
  for (std::size_t model = 1; model < 4; ++model) {
    SCOPED_TRACE(report->models[model].model);
    for (const char* metric : {"recall@10", "ndcg@10", "ndcg@20"})
      EXPECT_GT(report->models[model].metrics.at(metric), report->models[0].metrics.at(metric)) << metric;
    EXPECT_GE(report->models[model].metrics.at("recall@20"), report->models[model].metrics.at("recall@10"));
  }
}

// Worked by hand: one user, head {a}, tail {a, b}; b and a are all there is. Popular ranks a (seen by two), c, b.
TEST(Evaluation, CountsNewItemsAndRepeatsApart) {
  Dataset dataset;
  dataset.users = {"u", "v"};
  dataset.items = {"a", "b", "c"};
  dataset.events = {{0, 0, 1, 1}, {1, 0, 1, 2}, {1, 2, 1, 3}, {1, 1, 0.5, 4}, {0, 0, 1, 10}, {0, 1, 1, 11}};
  const TimeSplitOptions options{.holdout = 0.34, .models = {"popular"}, .settings = {}};
  const auto report = evaluate_time_split(dataset, options, RunControl{});
  ASSERT_TRUE(report.is_ok()) << report.status().to_string();
  EXPECT_EQ(report->cut_ms, 4);
  ASSERT_EQ(report->users, 2);  // u by b, v by b
  const auto& metrics = report->models[0].metrics;
  // The head knows a (2) and c (1) alone: b, new to both, cannot be foreseen by popularity.
  EXPECT_EQ(metrics.at("recall@10"), 0);
  // With repeats u's tail is {a, b}, of which a stands first: recall 1/2, and ndcg 1 / (1 + 1/log2(3)); v has nothing.
  EXPECT_NEAR(metrics.at("recall_all@10"), 0.25, 1e-9);
  EXPECT_NEAR(metrics.at("ndcg_all@10"), 0.5 / (1 + 1 / std::log2(3.0)), 1e-6);
}

TEST(Evaluation, SaysWhatIsMissing) {
  Dataset dataset;
  dataset.users = {"u", "v"};
  dataset.items = {"a", "b"};
  dataset.events = {{0, 0, 1, 1}, {1, 1, 1, 2}};
  EXPECT_EQ(evaluate_time_split(dataset, {.holdout = 0.5, .models = {"popular"}, .settings = {}}, {}).status().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(evaluate_time_split(clusters(), {.holdout = 1, .models = {"popular"}, .settings = {}}, {}).status().field(),
            "holdout");
  EXPECT_EQ(evaluate_time_split(clusters(), {.holdout = 0.2, .models = {"pop"}, .settings = {}}, {}).status().field(),
            "models[0]");
}

TEST(Evaluation, StopsWhenCancelled) {
  const std::atomic<bool> cancelled = true;
  RunControl control;
  control.cancelled = &cancelled;
  EXPECT_EQ(evaluate_time_split(clusters(), {.holdout = 0.2}, control).status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tamis::engine
