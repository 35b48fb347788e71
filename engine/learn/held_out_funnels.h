// Hold-out evaluation of whole funnels: what would users have been recommended at a moment of the past, and what did
// they take after it?
//
// A scratch database is filled with what the evaluated one held before the cut, its clock set to that moment, one
// generation trained, and recommend() asked once for every user who has a history before the cut and took something
// after it. So a figure is that of the path that serves: retrieval, ranking, rules and fallback. Binary relevance,
// ideal list of min(|relevant|, k), mean over users; nothing is sampled.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/status.h"
#include "engine/funnel.h"
#include "engine/options.h"
#include "models/bootstrap.h"
#include "storage/store.h"

namespace tamis::engine {

struct FunnelEvaluationOptions {
  double holdout = 0.1;  // share of the interactions, newest, that is predicted
  double leave_out = 0;  // share, newest, that is dropped before: to tune without reading it. 0 <= leave_out < 1
  std::vector<std::string> models;  // of the generation
  std::filesystem::path scratch;    // a directory that does not exist; removed afterwards
  std::string diversity_space;      // where told: mean distance within the lists, 1 - cosine of item vectors
  std::uint32_t resamples = 1'000;  // of the bootstrap
  std::uint64_t seed = 1;
};

// A gain over another funnel, user by user.
struct FunnelGain {
  std::string over;
  double mean = 0;
  models::Interval interval;  // 95%, paired bootstrap over users
};

struct FunnelEvaluation {
  std::string funnel;
  // recall@10, ndcg@10, hr@10 and at 20; coverage@10 (share of the items there at the cut), and where asked
  // diversity@10. Right is what the user had not met before where the funnel leaves out what was seen, else whatever
  // they took.
  std::map<std::string, double> metrics;
  std::map<std::string, models::Interval> intervals;
  std::vector<FunnelGain> ndcg10_gains;  // over each funnel before it
  std::uint64_t users = 0;
  double p50_us = 0;  // of recommend(), one thread
  double p99_us = 0;
};

struct FunnelReport {
  TimestampMs cut_ms = 0;
  std::uint64_t head_interactions = 0;
  std::uint64_t tail_interactions = 0;
  double train_s = 0;
  std::vector<FunnelEvaluation> funnels;
};

// Funnels are compared over the same users where they agree on exclude_seen. Deterministic by data, options and seeds.
// invalid_argument, failed_precondition (too little data), and what Database reports.
Result<FunnelReport> evaluate_funnels(const storage::Store& store, const DatabaseOptions& options,
                                      const std::vector<FunnelConfig>& funnels,
                                      const FunnelEvaluationOptions& evaluation);

}  // namespace tamis::engine
