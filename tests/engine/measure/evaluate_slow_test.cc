// The truth lies within the interval in nine of ten logs of the real engine.
#include "tests/engine/measure/evaluate_world.h"

namespace tamis::engine {
namespace {

class EvaluateSlowTest : public EvaluateWorld {};

TEST_F(EvaluateSlowTest, TheTruthLiesWithinTheIntervalInNinetyPercentOfLogs) {
  constexpr int kLogs = 100;
  constexpr int kLists = 1'500;
  open_world();
  ASSERT_TRUE(database->put_funnel(funnel("logging", "epsilon_greedy", 0.8)).is_ok());
  FunnelConfig candidate = funnel("candidate", "epsilon_greedy", 0.5);
  BoostRuleConfig boost;  // another order, too
  boost.condition = *parse_filter(R"({"field":"id","in":["item4","item5"]})");
  boost.multiply = 100;
  candidate.rules.insert(candidate.rules.begin(), boost);
  ASSERT_TRUE(database->put_funnel(candidate).is_ok());
  const double truth = true_value("candidate", 20'000);
  ASSERT_GT(std::abs(truth - true_value("logging", 5'000)), 0.1) << "the funnels must differ for this to say anything";
  int ips = 0, snips = 0, dr = 0;
  for (std::uint64_t log = 1; log <= kLogs; ++log) {
    clock.advance(10'000);
    OffPolicyRequest request;
    request.funnel = "candidate";
    request.logged_by = "logging";
    request.from_ms = clock.now_ms();
    log_lists("logging", kLists, log);
    const auto evaluation = database->evaluate_off_policy(request);
    ASSERT_TRUE(evaluation.is_ok()) << evaluation.status().to_string();
    ASSERT_EQ(evaluation->fault, "");
    ASSERT_EQ(evaluation->estimates.lists, static_cast<std::uint64_t>(kLists));
    const auto covers = [&](const ValueEstimate& estimate) { return estimate.low <= truth && truth <= estimate.high; };
    ips += covers(evaluation->estimates.ips) ? 1 : 0;
    snips += covers(evaluation->estimates.snips) ? 1 : 0;
    dr += covers(evaluation->estimates.dr) ? 1 : 0;
  }
  RecordProperty("ips", ips);
  RecordProperty("snips", snips);
  RecordProperty("dr", dr);
  EXPECT_GE(ips, kLogs * 9 / 10);
  EXPECT_GE(snips, kLogs * 9 / 10);
  EXPECT_GE(dr, kLogs * 9 / 10);
}

}  // namespace
}  // namespace tamis::engine
