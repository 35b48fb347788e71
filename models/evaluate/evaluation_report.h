// EvaluationReport: the outcome of one run of `tamis evaluate`.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "models/bootstrap.h"
#include "models/kinds/model_options.h"

namespace tamis::models {

struct EvaluationReport {
  std::string protocol;
  std::string model;
  std::map<std::string, double> metrics;
  double train_s = 0;                         // wall clock
  double evaluate_s = 0;                      // wall clock
  std::uint64_t peak_rss_bytes = 0;           // of the process so far
  Settings settings;                          // in force, defaults included
  std::map<std::string, double> data;         // what was evaluated: users, items, interactions
  std::map<std::string, Interval> intervals;  // 95% bootstrap intervals of metrics, by their names; may be empty
};

// One JSON object, two spaces of indentation:
// {"protocol":"lightgcn","model":"ials","metrics":{"recall@20":0.0,"ndcg@20":0.0},"train_s":0.0,"evaluate_s":0.0,
//  "peak_rss_bytes":0,"settings":{..},"data":{..}}, and "intervals":{"recall@20":[low,high]} where there are any
std::string to_json(const EvaluationReport& report);

// The greatest resident memory of this process so far (getrusage).
std::uint64_t peak_rss_bytes();

}  // namespace tamis::models
