// Experiments as JSON documents.
#include <cmath>

#include "engine/documents/document_name.h"
#include "engine/documents/member_reader.h"
#include "engine/experiment.h"
#include "engine/experiments/hash_split.h"
#include "engine/funnel.h"

namespace tamis {
namespace {

using engine::Json;
using engine::MemberReader;

constexpr std::string_view kExperimentMembers[] = {"name",   "version", "layer",   "traffic",       "salt",
                                                   "funnel", "arms",    "holdout", "control",       "start",
                                                   "end",    "users",   "alpha",   "planned_users", "buckets"};
constexpr std::string_view kArmMembers[] = {"name", "share", "funnel", "override"};
constexpr std::size_t kMaxNameBytes = engine::kMaxDocumentNameBytes;
constexpr double kShareTolerance = 1e-9;

Result<ExperimentArm> read_arm(const Json& json, const std::string& pointer) {
  ExperimentArm arm;
  MemberReader reader(json, pointer, kArmMembers);
  reader.text("name", &arm.name, 1, kMaxNameBytes);
  reader.number("share", &arm.share, 0, 1);
  reader.text("funnel", &arm.funnel, 1, kMaxNameBytes);
  if (const Json* laid_over = reader.value("override")) arm.override_json = engine::to_text(*laid_over);
  TAMIS_RETURN_IF_ERROR(reader.status());
  return arm;
}

void read_buckets(const Json& json, MemberReader* reader, std::vector<BucketRange>* buckets) {
  for (const Json& range : json) {
    if (!range.is_array() || range.size() != 2 || !range[0].is_number_unsigned() || !range[1].is_number_unsigned() ||
        range[0].get<std::uint64_t>() >= range[1].get<std::uint64_t>() ||
        range[1].get<std::uint64_t>() > engine::kBuckets)
      return reader->refuse("buckets", "expected ranges [first, end) of 0 to 10000");
    buckets->push_back({range[0].get<std::uint32_t>(), range[1].get<std::uint32_t>()});
  }
}

}  // namespace

Result<ExperimentConfig> parse_experiment(std::string_view name, std::string_view json) {
  TAMIS_ASSIGN_OR_RETURN(const Json document, engine::parse_json(json));
  ExperimentConfig experiment;
  experiment.name = name;
  MemberReader reader(document, "", kExperimentMembers);
  std::string named(name);
  reader.text("name", &named, 1, kMaxNameBytes);
  if (named != name) reader.refuse("name", "the document names \"" + named + "\", the path another");
  double version = 1;
  reader.number("version", &version, 1, 4e9);
  experiment.version = static_cast<std::uint32_t>(version);
  reader.text("layer", &experiment.layer, 1, kMaxNameBytes);
  reader.number("traffic", &experiment.traffic, 1e-4, 1);
  reader.text("salt", &experiment.salt, 1, 256);
  reader.text("funnel", &experiment.funnel, 1, kMaxNameBytes);
  reader.number("holdout", &experiment.holdout, 0, 1);
  reader.text("control", &experiment.control, 1, kMaxNameBytes);
  reader.time("start", &experiment.start_ms);
  reader.time("end", &experiment.end_ms);
  reader.filter("users", &experiment.users);
  reader.number("alpha", &experiment.alpha, 0.0001, 0.5);
  double planned = static_cast<double>(experiment.planned_users);
  reader.number("planned_users", &planned, 1, 1e12);
  experiment.planned_users = static_cast<std::uint64_t>(planned);
  if (const Json* buckets = reader.value("buckets")) read_buckets(*buckets, &reader, &experiment.buckets);
  if (const Json* arms = reader.value("arms")) {
    if (!arms->is_array()) reader.fail(engine::json_fault(*arms, "/arms", "a list of arms"));
    for (std::size_t i = 0; reader.status().is_ok() && i < arms->size(); ++i) {
      auto arm = read_arm((*arms)[i], engine::child_pointer("/arms", i));
      if (arm.is_ok()) {
        experiment.arms.push_back(std::move(arm).value());
      } else {
        reader.fail(arm.status());
      }
    }
  }
  TAMIS_RETURN_IF_ERROR(reader.status());
  TAMIS_RETURN_IF_ERROR(validate_experiment(experiment));
  return experiment;
}

Status validate_experiment(const ExperimentConfig& experiment) {
  TAMIS_RETURN_IF_ERROR(engine::check_document_name(experiment.name, "/name"));
  if (!experiment.layer.empty()) TAMIS_RETURN_IF_ERROR(engine::check_document_name(experiment.layer, "/layer"));
  if (experiment.arms.empty() || experiment.arms.size() > kMaxArms) {
    return Status::invalid_argument("there are " + std::to_string(experiment.arms.size()) + " arms; expected 1 to 16")
        .at_field("/arms");
  }
  double sum = experiment.holdout;
  bool has_control = experiment.control.empty() || (experiment.control == kHoldoutArm && experiment.holdout > 0);
  for (std::size_t i = 0; i < experiment.arms.size(); ++i) {
    const ExperimentArm& arm = experiment.arms[i];
    const std::string pointer = engine::child_pointer("/arms", i);
    TAMIS_RETURN_IF_ERROR(engine::check_document_name(arm.name, pointer + "/name"));
    if (arm.name == kHoldoutArm)
      return Status::invalid_argument("\"holdout\" names those left out").at_field(pointer + "/name");
    for (std::size_t j = 0; j < i; ++j) {
      if (experiment.arms[j].name == arm.name)
        return Status::invalid_argument("arm \"" + arm.name + "\" stands there twice").at_field(pointer + "/name");
    }
    if (!arm.override_json.empty()) {
      const FunnelDocument laid_over = read_funnel_override("override", arm.override_json);
      if (!laid_over.faults.empty()) {
        Status fault = laid_over.faults.front();
        std::string field = pointer + "/override" + fault.field();
        return std::move(fault).at_field(std::move(field));
      }
    }
    sum += arm.share;
    has_control |= arm.name == experiment.control;
  }
  if (std::abs(sum - 1) > kShareTolerance) {
    return Status::invalid_argument("the shares of arms and holdout sum to " + std::to_string(sum) + "; expected 1")
        .at_field("/arms");
  }
  if (!has_control)
    return Status::invalid_argument("there is no arm \"" + experiment.control + "\"").at_field("/control");
  if (experiment.end_ms != 0 && experiment.end_ms <= experiment.start_ms)
    return Status::invalid_argument("the end is not after the start").at_field("/end");
  return Status::ok();
}

std::string experiment_to_json(const ExperimentConfig& experiment) {
  Json json = {
      {"name", experiment.name},       {"version", experiment.version}, {"layer", experiment.layer},
      {"traffic", experiment.traffic}, {"salt", experiment.salt},       {"funnel", experiment.funnel},
      {"holdout", experiment.holdout}, {"alpha", experiment.alpha},     {"planned_users", experiment.planned_users}};
  if (experiment.layer.empty()) json.erase("layer");
  if (experiment.salt.empty()) json.erase("salt");
  if (!experiment.control.empty()) json["control"] = experiment.control;
  if (experiment.start_ms != 0) json["start"] = format_rfc3339(experiment.start_ms);
  if (experiment.end_ms != 0) json["end"] = format_rfc3339(experiment.end_ms);
  if (!experiment.users.is_trivial()) json["users"] = Json::parse(filter_to_json(experiment.users));
  for (const ExperimentArm& arm : experiment.arms) {
    Json made = {{"name", arm.name}, {"share", arm.share}};
    if (!arm.funnel.empty()) made["funnel"] = arm.funnel;
    if (!arm.override_json.empty()) made["override"] = Json::parse(arm.override_json);
    json["arms"].push_back(std::move(made));
  }
  for (const BucketRange& range : experiment.buckets) json["buckets"].push_back({range.first, range.end});
  return engine::to_text(json);
}

}  // namespace tamis
