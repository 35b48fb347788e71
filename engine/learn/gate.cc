#include "engine/learn/gate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "engine/generations/manifest.h"

namespace tamis::engine {
namespace {

constexpr const char* kMetric = "ndcg@10";

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

// The models whose figures stand for the generations: one that both have where there is one.
struct Compared {
  std::optional<std::string> candidate;
  std::optional<std::string> serving;
};
Compared compared_models(const GenerationInfo& candidate, const GenerationInfo& serving) {
  for (const char* model : {kRanker, "ials"})
    if (metric_of(candidate, model) && metric_of(serving, model)) return {model, model};
  const std::optional<std::string> served = primary_model(serving);
  if (served && *served != "popular" && metric_of(candidate, *served)) return {served, served};
  return {primary_model(candidate), served};
}

// By how much less the candidate's tail gives than the serving generation's, whatever is learned: at most 1.
double tail_difficulty(const GenerationInfo& candidate, const GenerationInfo& serving) {
  const double popular = metric_of(candidate, "popular").value_or(0);
  const double popular_before = metric_of(serving, "popular").value_or(0);
  return popular > 0 && popular_before > 0 ? std::min(1.0, popular / popular_before) : 1.0;
}

// Whether most of what is known came after `serving` learned.
bool is_of_another_world(const GenerationInfo& candidate, const GenerationInfo& serving) {
  return candidate.sequence > 2 * serving.sequence;
}

// What the serving generation's own measurement asks of the funnel; nothing where it cannot be compared.
std::optional<double> recorded_bar(const std::string& funnel, const FunnelQuality& quality,
                                   const GenerationInfo& candidate, const GenerationInfo& serving, double tolerance) {
  const auto recorded = serving.funnels.find(funnel);
  if (recorded == serving.funnels.end() || is_of_another_world(candidate, serving)) return std::nullopt;
  const FunnelQuality& before = recorded->second;
  if (before.without != quality.without) return std::nullopt;
  const bool is_same_tail = before.from_ms == quality.from_ms && before.users == quality.users;
  const double chance = is_same_tail ? 0 : 2 * std::hypot(before.error, quality.error);
  return before.ndcg10 * tail_difficulty(candidate, serving) * (1 - tolerance) - chance;
}

GateDecision check_funnels(const GenerationInfo& candidate, const std::optional<GenerationInfo>& serving,
                           double tolerance) {
  std::string told;
  for (const auto& [name, quality] : candidate.funnels) {
    double bar = 0;
    std::string of;
    if (quality.serving_ndcg10) {
      bar = *quality.serving_ndcg10 * (1 - tolerance);
      of = "what serves gives " + format_number(*quality.serving_ndcg10) + " on the same split";
    }
    if (serving) {
      const std::optional<double> recorded = recorded_bar(name, quality, candidate, *serving, tolerance);
      if (recorded && *recorded > bar) {
        bar = *recorded;
        of = serving->id + " gave " + format_number(serving->funnels.at(name).ndcg10) + " when it was made";
      }
    }
    const std::string figure = std::string(kMetric) + " of the funnel " + name + " is " + format_number(quality.ndcg10);
    if (quality.ndcg10 < bar)
      return {.holds = false, .reason = figure + ", below the " + format_number(bar) + " asked (" + of + ")"};
    told += (told.empty() ? "" : "; ") + figure;
    if (!of.empty()) told += ", at least the " + format_number(bar) + " asked (" + of + ")";
  }
  return {.holds = true, .reason = told};
}

}  // namespace

std::optional<std::string> find_harm(const GenerationInfo& info, double tolerance) {
  const std::optional<double> ranked = metric_of(info, kRanker);
  const std::optional<double> retrieved = metric_of(info, kRanker, "retrieval_ndcg@10");
  if (!ranked || !retrieved || *ranked >= *retrieved * (1 - tolerance)) return std::nullopt;
  return format_metric(kRanker, *ranked) + ", below that of the candidates in the order of their retrieval, " +
         format_number(*retrieved);
}

GateDecision check_gate(const GenerationInfo& candidate, const std::optional<GenerationInfo>& serving,
                        double tolerance) {
  // One that the run inherited or chose was tried in funnels.
  const bool is_tried = candidate.inherited.contains(kRanker) ||
                        std::find(candidate.chosen.begin(), candidate.chosen.end(), kRanker) != candidate.chosen.end();
  if (const std::optional<std::string> harm = find_harm(candidate, tolerance); harm && !is_tried)
    return {.holds = false, .reason = *harm};
  if (!candidate.funnels.empty()) {
    GateDecision decision = check_funnels(candidate, serving, tolerance);
    if (decision.holds && !serving) decision.reason += "; no generation was serving";
    return decision;
  }
  if (!serving) return {.holds = true, .reason = "no generation was serving"};
  const auto [model, served] = compared_models(candidate, *serving);
  if (!model || !served) return {.holds = true, .reason = "there is no " + std::string(kMetric) + " to compare"};
  if (is_of_another_world(candidate, *serving))
    return {.holds = true, .reason = "most of what is known came after " + serving->id + " learned"};

  const double value = *metric_of(candidate, *model);
  const double served_value = *metric_of(*serving, *served);
  const double bar = served_value * tail_difficulty(candidate, *serving) * (1 - tolerance);
  const bool holds = value >= bar;
  return {.holds = holds,
          .reason = format_metric(*model, value) + (holds ? ", at least the " : ", below the ") + format_number(bar) +
                    " asked (" + serving->id + ": " + format_metric(*served, served_value) + ")"};
}

}  // namespace tamis::engine
