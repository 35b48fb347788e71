// Off-policy evaluation through the database.
#include "tests/engine/measure/evaluate_world.h"

namespace tamis::engine {
namespace {

class EvaluateOffPolicyTest : public EvaluateWorld {
 protected:
  OffPolicyEvaluation evaluate(const std::string& name) {
    OffPolicyRequest request;
    request.funnel = name;
    auto evaluation = database->evaluate_off_policy(request);
    EXPECT_TRUE(evaluation.is_ok()) << evaluation.status().to_string();
    return evaluation.is_ok() ? *evaluation : OffPolicyEvaluation{};
  }
};

TEST_F(EvaluateOffPolicyTest, TheFunnelThatLoggedWeighsEveryListAsOne) {
  open_world();
  ASSERT_TRUE(database->put_funnel(funnel("home", "epsilon_greedy", 0.5)).is_ok());
  log_lists("home", 200, 1);
  const auto evaluation = evaluate("home");
  EXPECT_EQ(evaluation.fault, "");
  EXPECT_EQ(evaluation.estimates.lists, 200u);
  EXPECT_NEAR(evaluation.estimates.support, 1, 1e-9) << "its own probabilities are those that were logged";
  EXPECT_NEAR(evaluation.estimates.largest_weight, 1, 1e-9);
  EXPECT_NEAR(evaluation.estimates.ips.value, evaluation.estimates.logged.value, 1e-9);
  EXPECT_NEAR(evaluation.estimates.snips.value, evaluation.estimates.logged.value, 1e-9);
  EXPECT_GT(evaluation.estimates.logged.value, 0.2);
}

TEST_F(EvaluateOffPolicyTest, RunsAsAJobThatCanBeCancelled) {
  open_world();
  ASSERT_TRUE(database->put_funnel(funnel("home", "epsilon_greedy", 0.5)).is_ok());
  log_lists("home", 150, 1);
  const auto ended = [&](const Result<Job>& started) {
    Job job = *started;
    while (job.state == JobState::kQueued || job.state == JobState::kRunning)
      job = *database->wait_job(job.id, job, std::chrono::seconds(60));
    return job;
  };
  OffPolicyRequest request;
  request.funnel = "home";
  const Job done = ended(database->start_evaluation(request));
  EXPECT_EQ(done.state, JobState::kSucceeded) << done.detail;
  EXPECT_EQ(done.kind, "evaluate");
  EXPECT_EQ(done.result, off_policy_to_json(evaluate("home")));
  EXPECT_EQ(database->list_jobs().front().id, done.id);

  request.least_sample = 1e9;
  const Job refused = ended(database->start_evaluation(request));
  EXPECT_EQ(refused.state, JobState::kFailed);
  EXPECT_EQ(refused.failure.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(refused.result, "");

  request.funnel = "nowhere";
  EXPECT_EQ(database->start_evaluation(request).status().code(), StatusCode::kNotFound);
  request = {};
  request.funnel = "home";
  std::vector<Job> jobs;
  for (int i = 0; i < 10; ++i) jobs.push_back(*database->start_evaluation(request));
  ASSERT_TRUE(database->cancel_job(jobs.back().id).is_ok());
  EXPECT_EQ(ended(database->get_job(jobs.back().id)).state, JobState::kCancelled);
  EXPECT_NE(jobs.back().id, jobs.front().id);
  close();  // with nine of them waiting
}

TEST_F(EvaluateOffPolicyTest, ADeterministicLogGivesNoSupportToAnotherFunnel) {
  open_world();
  FunnelConfig fixed = funnel("fixed", "epsilon_greedy", 0);
  fixed.rules.clear();
  ASSERT_TRUE(database->put_funnel(fixed).is_ok());
  ASSERT_TRUE(database->put_funnel(funnel("other", "epsilon_greedy", 0.9)).is_ok());
  log_lists("fixed", 100, 1);
  EXPECT_EQ(evaluate("fixed").fault, "");
  const auto refused = evaluate("other");
  EXPECT_NE(refused.fault.find("propensity 1"), std::string::npos) << refused.fault;
}

TEST_F(EvaluateOffPolicyTest, RequestsThatCannotBeAskedAgainArePassedOver) {
  open_world();
  ASSERT_TRUE(database->put_funnel(funnel("home", "epsilon_greedy", 0.5)).is_ok());
  RecommendRequest request;
  request.user = "ada";
  request.funnel = "home";
  request.exclude = {"item0"};
  ASSERT_TRUE(database->recommend(request).is_ok());
  const auto evaluation = evaluate("home");
  EXPECT_EQ(evaluation.passed_over, 1u);
  EXPECT_NE(evaluation.fault, "");
}

TEST_F(EvaluateOffPolicyTest, WhatPeopleDidAfterwardsIsNoPartOfTheirPast) {
  open_world();
  FunnelConfig home = funnel("home", "epsilon_greedy", 0.5);
  home.exclude_seen = true;  // clicked items are not shown again: today's history must not stand for that time's
  ASSERT_TRUE(database->put_funnel(home).is_ok());
  log_lists("home", 150, 1);
  const auto evaluation = evaluate("home");
  EXPECT_EQ(evaluation.fault, "");
  EXPECT_NEAR(evaluation.estimates.ips.value, evaluation.estimates.logged.value, 1e-9);
}

TEST_F(EvaluateOffPolicyTest, ItReadsADocumentAndRefusesWhatMovesItemsAfterTheDraw) {
  const auto request = parse_off_policy_request(
      R"({"funnel":{"rules":[{"kind":"explore","share":0.3}]},"reward":{"click":1,"purchase":5},)"
      R"("estimators":["snips"],"assumption":"slot","max_weight":10,"from":"2026-01-01T00:00:00Z"})");
  ASSERT_TRUE(request.is_ok()) << request.status().to_string();
  ASSERT_TRUE(request->document.has_value());
  EXPECT_EQ(request->reward.at("purchase"), 5);
  EXPECT_EQ(request->options.assumption, RewardAssumption::kSlot);
  const std::pair<const char*, const char*> kFaults[] = {
      {R"({"funnels":"home"})", "/funnels"},
      {R"({"reward":3})", "/reward"},
      {R"({"estimators":["ops"]})", "/estimators/0"},
      {R"({"assumption":"none"})", "/assumption"},
      {R"({"max_weight":-1})", "/max_weight"},
      {R"({"from":1700000000010,"to":1700000000005})", "/to"},
      {R"({"funnel":{"merge":"x"}})", "/funnel/merge"},
  };
  for (const auto& [json, field] : kFaults) {
    const auto parsed = parse_off_policy_request(json);
    ASSERT_FALSE(parsed.is_ok()) << json;
    EXPECT_EQ(parsed.status().field(), field) << parsed.status().to_string();
  }
  open_world();
  FunnelConfig pins = funnel("pins", "epsilon_greedy", 0.5);
  pins.rules.emplace_back(PinRuleConfig{.pins = {{.item = "item7", .slot = 1, .insert = true}}});
  OffPolicyRequest refused;
  refused.document = pins;
  EXPECT_EQ(database->evaluate_off_policy(refused).status().code(), StatusCode::kFailedPrecondition);
}

// The propensities that an answer carries are those of the draws, end to end.
TEST_F(EvaluateOffPolicyTest, PropensitiesAreTheFrequenciesOfWhatIsServed) {
  open_world();
  for (const char* policy : {"epsilon_greedy", "thompson"}) {
    ASSERT_TRUE(database->put_funnel(funnel(policy, policy, 0.4)).is_ok());
    log_lists(policy, 15, 3);  // so that items differ in what is known of them
    constexpr int kDraws = 4'000;
    std::map<std::string, double> served, expected;
    for (int i = 0; i < kDraws; ++i) {
      const auto answer = serve("ada", policy, static_cast<std::uint64_t>(i), true);
      const RecommendedItem& first = answer.items.at(0);
      served[first.item] += 1;
      expected[first.item] = first.propensity * kDraws;
    }
    double chi_square = 0, mass = 0;
    for (const auto& [item, count] : served) {
      chi_square += (count - expected[item]) * (count - expected[item]) / expected[item];
      mass += expected[item];
    }
    EXPECT_NEAR(mass, kDraws, 1e-6) << policy << ": all items were served, and their propensities sum to 1";
    EXPECT_LT(chi_square, 24.32) << policy << ": p below 0.001 at 7 degrees of freedom";
  }
}

}  // namespace
}  // namespace tamis::engine
