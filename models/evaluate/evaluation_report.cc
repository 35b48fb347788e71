#include "models/evaluate/evaluation_report.h"

#include <sys/resource.h>

#include <nlohmann/json.hpp>

namespace tamis::models {

std::string to_json(const EvaluationReport& report) {
  nlohmann::ordered_json json;
  json["protocol"] = report.protocol;
  json["model"] = report.model;
  json["metrics"] = report.metrics;
  for (const auto& [name, interval] : report.intervals) json["intervals"][name] = {interval.low, interval.high};
  json["train_s"] = report.train_s;
  json["evaluate_s"] = report.evaluate_s;
  json["peak_rss_bytes"] = report.peak_rss_bytes;
  json["settings"] = report.settings;
  json["data"] = report.data;
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::uint64_t peak_rss_bytes() {
  rusage usage{};
  if (getrusage(RUSAGE_SELF, &usage) != 0) return 0;
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;  // Linux counts KiB
}

}  // namespace tamis::models
