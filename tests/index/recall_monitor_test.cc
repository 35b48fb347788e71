#include "index/recall_monitor.h"

#include <gtest/gtest.h>

#include "index/vector_index.h"
#include "tests/index/vector_data.h"

namespace tamis::index {
namespace {

TEST(RecallMonitorTest, EfRisesToTheTargetAndComesBack) {
  RecallMonitor monitor(0.95);
  // A world in which recall depends on ef alone.
  const auto recall_of = [](std::uint32_t ef) { return 1.0 - 12.0 / ef; };
  for (int i = 0; i < 300; ++i) monitor.record(recall_of(monitor.ef()), 30, monitor.ef());
  EXPECT_GE(recall_of(monitor.ef()), 0.94);
  EXPECT_LE(monitor.ef(), 700U);
  EXPECT_NEAR(monitor.recall(), recall_of(monitor.ef()), 0.02);
  for (int i = 0; i < 300; ++i) monitor.record(1.0, 30, monitor.ef());
  EXPECT_EQ(monitor.ef(), RecallMonitor::kLeastEf);
  for (int i = 0; i < 300; ++i) monitor.record(0.1, 30, monitor.ef());
  EXPECT_EQ(monitor.ef(), RecallMonitor::kMostEf);
  EXPECT_EQ(monitor.samples(), 27'000U);
}

TEST(RecallMonitorTest, AMeasurementAtAnotherEfMovesNothing) {
  RecallMonitor monitor(0.95);
  const std::uint32_t ef = monitor.ef();
  monitor.record(0.2, 10, ef + 1);
  EXPECT_EQ(monitor.ef(), ef);
}

TEST(LiveRecallTest, SampledQueriesAreMeasuredAndEfFollows) {
  IndexOptions options;
  options.dim = 24;
  options.growing_limit = 1'000;
  options.recall_target = 0.99;
  options.m = 4;  // a poor graph
  options.ef_construction = 10;
  const VectorData data = clustered_vectors(6'000, 24, 3);
  auto index = *VectorIndex::create(options);
  ASSERT_TRUE(index->upsert_batch(data.ids(), data.values).is_ok());
  EXPECT_EQ(index->stats().recall_samples, 0U);
  EXPECT_EQ(index->stats().recall, 1.0);
  const std::uint32_t before = index->stats().ef;
  for (int round = 0; round < 8; ++round) {
    for (std::size_t q = 0; q < 400; ++q) ASSERT_TRUE(index->search(data.row(q * 7), 10).is_ok());
    index->measure_recall();
  }
  const IndexStats stats = index->stats();
  EXPECT_GT(stats.recall_samples, 20U);
  EXPECT_GT(stats.recall, 0.0);
  EXPECT_NE(stats.ef, before);
  EXPECT_GT(stats.searches, 3'000U);
}

}  // namespace
}  // namespace tamis::index
