#include "engine/learn/gate.h"

#include <algorithm>
#include <cstdio>

namespace tamis::engine {
namespace {

constexpr const char* kMetric = "ndcg@10";
constexpr const char* kRanker = "dlrm";

std::string format_number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4f", value);
  return text;
}

std::string format_metric(const std::string& model, double value) {
  return std::string(kMetric) + " of " + model + " is " + format_number(value);
}

std::optional<double> metric_of(const GenerationInfo& info, const std::string& model, const char* metric = kMetric) {
  const auto metrics = info.metrics.find(model);
  if (metrics == info.metrics.end()) return std::nullopt;
  const auto value = metrics->second.find(metric);
  if (value == metrics->second.end()) return std::nullopt;
  return value->second;
}

// A ranker whose lists are worse than those that it was given harms every answer. Why, or nothing.
std::optional<std::string> find_harm(const GenerationInfo& info, double tolerance) {
  const std::optional<double> ranked = metric_of(info, kRanker);
  const std::optional<double> retrieved = metric_of(info, kRanker, "retrieval_ndcg@10");
  if (!ranked || !retrieved || *ranked >= *retrieved * (1 - tolerance)) return std::nullopt;
  return format_metric(kRanker, *ranked) + ", below that of the candidates in the order of their retrieval, " +
         format_number(*retrieved);
}

std::optional<std::string> primary_model(const GenerationInfo& info) {
  if (metric_of(info, "ials")) return "ials";
  std::optional<std::string> best;
  for (const std::string& model : info.models) {
    const std::optional<double> value = metric_of(info, model);
    if (model != "popular" && model != kRanker && value && (!best || *value > *metric_of(info, *best))) best = model;
  }
  if (!best && metric_of(info, "popular")) best = "popular";
  return best;
}

}  // namespace

GateDecision check_gate(const GenerationInfo& candidate, const std::optional<GenerationInfo>& serving,
                        double tolerance) {
  if (const std::optional<std::string> harm = find_harm(candidate, tolerance)) return {.holds = false, .reason = *harm};
  if (!serving) return {.holds = true, .reason = "no generation was serving"};
  const bool both_rank = metric_of(candidate, kRanker) && metric_of(*serving, kRanker);
  const std::optional<std::string> model = both_rank ? kRanker : primary_model(candidate);
  const std::optional<std::string> served = both_rank ? kRanker : primary_model(*serving);
  if (!model || !served) return {.holds = true, .reason = "there is no " + std::string(kMetric) + " to compare"};

  const double value = *metric_of(candidate, *model);
  const double served_value = *metric_of(*serving, *served);
  const double popular = metric_of(candidate, "popular").value_or(0);
  const double popular_before = metric_of(*serving, "popular").value_or(0);
  const double difficulty = popular > 0 && popular_before > 0 ? std::min(1.0, popular / popular_before) : 1.0;
  const double bar = served_value * difficulty * (1 - tolerance);

  const bool holds = value >= bar;
  return {.holds = holds,
          .reason = format_metric(*model, value) + (holds ? ", at least the " : ", below the ") + format_number(bar) +
                    " asked (" + serving->id + ": " + format_metric(*served, served_value) + ")"};
}

}  // namespace tamis::engine
