// Results of experiments as JSON.
#include "engine/documents/strict_json.h"
#include "engine/experiment.h"

namespace tamis {
namespace {

using engine::Json;

Json interval_json(const MetricInterval& interval) {
  return {{"value", interval.value},
          {"low", interval.low},
          {"high", interval.high},
          {"always_valid_low", interval.always_low},
          {"always_valid_high", interval.always_high}};
}

Json arm_json(const ArmResult& arm) {
  return {{"arm", arm.arm},
          {"share", arm.share},
          {"users", arm.users},
          {"exposures", arm.exposures},
          {"slots", arm.slots},
          {"clicked", arm.clicked},
          {"converted", arm.converted},
          {"value", arm.value},
          {"click_through_rate", interval_json(arm.click_through_rate)},
          {"conversions_per_user", interval_json(arm.conversions_per_user)},
          {"value_per_user", interval_json(arm.value_per_user)}};
}

}  // namespace

std::string experiment_results_to_json(const ExperimentResults& results) {
  Json json = {
      {"experiment", results.experiment.name},
      {"from", format_rfc3339(results.from_ms)},
      {"to", format_rfc3339(results.to_ms)},
      {"alpha", results.experiment.alpha},
      {"test", "asymptotic confidence sequence"},
      {"sample_ratio", {{"p_value", results.sample_ratio_p_value}, {"mismatch", results.has_sample_ratio_mismatch}}},
      {"arms", Json::array()},
      {"comparisons", Json::array()}};
  for (const ArmResult& arm : results.arms) json["arms"].push_back(arm_json(arm));
  for (const ArmComparison& comparison : results.comparisons) {
    json["comparisons"].push_back({{"arm", comparison.arm},
                                   {"metric", comparison.metric},
                                   {"difference", interval_json(comparison.difference)},
                                   {"lift", interval_json(comparison.lift)},
                                   {"p_value", comparison.p_value},
                                   {"always_valid_p_value", comparison.always_valid_p_value},
                                   {"significant", comparison.is_significant}});
  }
  return engine::to_text(json);
}

}  // namespace tamis
