#include "engine/learn/gate.h"

#include <algorithm>
#include <cstdio>

namespace tamis::engine {
namespace {

constexpr const char* kMetric = "ndcg@10";

std::optional<double> metric_of(const GenerationInfo& info, const std::string& model) {
  const auto metrics = info.metrics.find(model);
  if (metrics == info.metrics.end()) return std::nullopt;
  const auto value = metrics->second.find(kMetric);
  if (value == metrics->second.end()) return std::nullopt;
  return value->second;
}

std::optional<std::string> primary_model(const GenerationInfo& info) {
  if (metric_of(info, "ials")) return "ials";
  std::optional<std::string> best;
  for (const std::string& model : info.models) {
    const std::optional<double> value = metric_of(info, model);
    if (model != "popular" && value && (!best || *value > *metric_of(info, *best))) best = model;
  }
  if (!best && metric_of(info, "popular")) best = "popular";
  return best;
}

std::string format_metric(const std::string& model, double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4f", value);
  return std::string(kMetric) + " of " + model + " is " + text;
}

}  // namespace

GateDecision check_gate(const GenerationInfo& candidate, const std::optional<GenerationInfo>& serving,
                        double tolerance) {
  if (!serving) return {.holds = true, .reason = "no generation was serving"};
  const std::optional<std::string> model = primary_model(candidate);
  const std::optional<std::string> served = primary_model(*serving);
  if (!model || !served) return {.holds = true, .reason = "there is no " + std::string(kMetric) + " to compare"};

  const double value = *metric_of(candidate, *model);
  const double served_value = *metric_of(*serving, *served);
  const double popular = metric_of(candidate, "popular").value_or(0);
  const double popular_before = metric_of(*serving, "popular").value_or(0);
  const double difficulty = popular > 0 && popular_before > 0 ? std::min(1.0, popular / popular_before) : 1.0;
  const double bar = served_value * difficulty * (1 - tolerance);

  char bar_text[32];
  std::snprintf(bar_text, sizeof(bar_text), "%.4f", bar);
  const bool holds = value >= bar;
  return {.holds = holds,
          .reason = format_metric(*model, value) + (holds ? ", at least the " : ", below the ") + bar_text +
                    " asked (" + serving->id + ": " + format_metric(*served, served_value) + ")"};
}

}  // namespace tamis::engine
