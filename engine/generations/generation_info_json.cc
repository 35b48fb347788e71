#include "engine/generations/generation_info_json.h"

#include <nlohmann/json.hpp>

#include "common/clock.h"

namespace tamis::engine {

namespace {

using nlohmann::json;

json funnel_to_json(const FunnelQuality& quality) {
  json value = {{"ndcg@10", quality.ndcg10},
                {"error", quality.error},
                {"from", format_rfc3339(quality.from_ms)},
                {"users", quality.users}};
  if (quality.serving_ndcg10) value["serving_ndcg@10"] = *quality.serving_ndcg10;
  if (!quality.without.empty()) value["without"] = quality.without;
  return value;
}

Result<FunnelQuality> parse_funnel_quality(const json& value) {
  FunnelQuality quality;
  quality.error = value.at("error").get<double>();
  TAMIS_ASSIGN_OR_RETURN(quality.from_ms, parse_rfc3339(value.at("from").get<std::string>()));
  quality.ndcg10 = value.at("ndcg@10").get<double>();
  TAMIS_ASSIGN_OR_RETURN(quality.users, read_whole_number<std::uint64_t>(value, "users"));
  if (value.contains("serving_ndcg@10")) quality.serving_ndcg10 = value["serving_ndcg@10"].get<double>();
  if (value.contains("without")) quality.without = value["without"].get<std::vector<std::string>>();
  return quality;
}

json trial_to_json(const SearchTrial& trial) {
  json value = {{"step", trial.step}, {"name", trial.name}, {"ndcg@10", trial.ndcg10}, {"seconds", trial.seconds}};
  if (!trial.detail.empty()) value["detail"] = trial.detail;
  if (trial.error > 0) value["error"] = trial.error;
  if (trial.is_chosen) value["chosen"] = true;
  return value;
}

SearchTrial parse_trial(const json& value) {
  return {.step = value.at("step").get<std::string>(),
          .name = value.at("name").get<std::string>(),
          .detail = value.value("detail", ""),
          .ndcg10 = value.at("ndcg@10").get<double>(),
          .error = value.value("error", 0.0),
          .seconds = value.at("seconds").get<double>(),
          .is_chosen = value.value("chosen", false)};
}

}  // namespace

// What came after the first version is written only where there is any, so that others' files stay as they are.
json generation_info_to_json(const GenerationInfo& info) {
  json value = {{"id", info.id},
                {"state", info.state},
                {"created", format_rfc3339(info.created_ms)},
                {"sequence", info.sequence},
                {"models", info.models},
                {"metrics", info.metrics},
                {"note", info.note}};
  for (const auto& [member, origin] : info.inherited)
    value["inherited"][member] = {{"generation", origin.generation}, {"sequence", origin.sequence}};
  if (!info.left_out.empty()) value["left_out"] = info.left_out;
  for (const auto& [name, quality] : info.funnels) value["funnels"][name] = funnel_to_json(quality);
  if (!info.chosen.empty()) value["chosen"] = info.chosen;
  if (!info.found_settings.empty()) value["found_settings"] = info.found_settings;
  if (info.default_funnel) value["default_funnel"] = json::parse(tamis::funnel_to_json(*info.default_funnel));
  for (const SearchTrial& trial : info.trials) value["trials"].push_back(trial_to_json(trial));
  return value;
}

Result<GenerationInfo> parse_generation_info(const nlohmann::json& json) {
  try {
    GenerationInfo info;
    info.id = json.at("id").get<std::string>();
    info.state = json.at("state").get<std::string>();
    TAMIS_ASSIGN_OR_RETURN(info.created_ms, parse_rfc3339(json.at("created").get<std::string>()));
    TAMIS_ASSIGN_OR_RETURN(info.sequence, read_whole_number<Sequence>(json, "sequence"));
    info.models = json.at("models").get<std::vector<std::string>>();
    info.metrics = json.at("metrics").get<std::map<std::string, std::map<std::string, double>>>();
    info.note = json.at("note").get<std::string>();
    if (json.contains("inherited"))
      for (const auto& [member, origin] : json["inherited"].items()) {
        InheritedMember& known = info.inherited[member];
        known.generation = origin.at("generation").get<std::string>();
        TAMIS_ASSIGN_OR_RETURN(known.sequence, read_whole_number<Sequence>(origin, "sequence"));
      }
    if (json.contains("left_out")) info.left_out = json["left_out"].get<std::map<std::string, std::string>>();
    if (json.contains("funnels"))
      for (const auto& [name, quality] : json["funnels"].items()) {
        TAMIS_ASSIGN_OR_RETURN(info.funnels[name], parse_funnel_quality(quality));
      }
    if (json.contains("chosen")) info.chosen = json["chosen"].get<std::vector<std::string>>();
    if (json.contains("found_settings"))
      info.found_settings = json["found_settings"].get<decltype(info.found_settings)>();
    if (json.contains("default_funnel")) {
      TAMIS_ASSIGN_OR_RETURN(info.default_funnel, parse_funnel("default", json["default_funnel"].dump()));
    }
    if (json.contains("trials"))
      for (const auto& trial : json["trials"]) info.trials.push_back(parse_trial(trial));
    return info;
  } catch (const nlohmann::json::exception& error) {
    return Status::corruption(std::string("not a generation's description: ") + error.what());
  }
}

}  // namespace tamis::engine
