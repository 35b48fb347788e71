// Off-policy evaluations as JSON.
#include <algorithm>
#include <cmath>

#include "engine/documents/member_reader.h"
#include "engine/off_policy_evaluation.h"

namespace tamis {
namespace {

using engine::Json;
using engine::MemberReader;

constexpr std::string_view kOffPolicyMembers[] = {
    "funnel",    "from",       "to",         "reward",    "estimators",
    "logged_by", "assumption", "max_weight", "max_lists", "min_effective_sample_size",
    "alpha"};
constexpr std::string_view kEstimators[] = {"ips", "snips", "dr"};
constexpr std::string_view kAssumptions[] = {"prefix", "slot"};
constexpr double kMaxRewardWeight = 1e9;

void read_candidate(MemberReader* reader, OffPolicyRequest* request) {
  const Json* funnel = reader->value("funnel");
  if (funnel == nullptr || !funnel->is_object()) return reader->text("funnel", &request->funnel, 1, 64);
  const FunnelDocument document = read_funnel_override("candidate", engine::to_text(*funnel));
  if (document.faults.empty()) {
    request->document = document.funnel;
    return;
  }
  Status fault = document.faults.front();
  std::string field = "/funnel" + fault.field();
  reader->fail(std::move(fault).at_field(std::move(field)));
}

void read_reward(MemberReader* reader, OffPolicyRequest* request) {
  const Json* reward = reader->value("reward");
  if (reward == nullptr) return;
  if (reward->is_string()) {
    std::string type;
    reader->text("reward", &type, 1, 64);
    request->reward[type] = 1;
    return;
  }
  if (!reward->is_object() || reward->empty())
    return reader->fail(engine::json_fault(*reward, "/reward", "an interaction type, or weights by type"));
  for (const auto& [type, weight] : reward->items()) {
    if (!weight.is_number() || std::abs(weight.get<double>()) > kMaxRewardWeight)
      return reader->fail(
          engine::json_fault(weight, engine::child_pointer("/reward", type), "a number from -1e9 to 1e9"));
    request->reward[type] = weight.get<double>();
  }
}

void read_estimators(MemberReader* reader, OffPolicyRequest* request) {
  const Json* names = reader->value("estimators");
  if (names == nullptr) return;
  if (!names->is_array() || names->empty())
    return reader->fail(engine::json_fault(*names, "/estimators", "a list of ips, snips, dr"));
  request->estimators.clear();
  for (std::size_t i = 0; i < names->size(); ++i) {
    const auto which = engine::read_name((*names)[i], engine::child_pointer("/estimators", i), kEstimators);
    if (!which.is_ok()) return reader->fail(which.status());
    request->estimators.emplace_back(kEstimators[*which]);
  }
}

Json estimate_json(const ValueEstimate& estimate) {
  return {{"value", estimate.value},
          {"low", estimate.low},
          {"high", estimate.high},
          {"standard_error", estimate.standard_error}};
}

}  // namespace

Result<OffPolicyRequest> parse_off_policy_request(std::string_view json) {
  TAMIS_ASSIGN_OR_RETURN(const Json document, engine::parse_json(json));
  OffPolicyRequest request;
  MemberReader reader(document, "", kOffPolicyMembers);
  read_candidate(&reader, &request);
  reader.time("from", &request.from_ms);
  reader.time("to", &request.to_ms);
  read_reward(&reader, &request);
  read_estimators(&reader, &request);
  if (reader.value("logged_by") != nullptr) reader.text("logged_by", &request.logged_by.emplace(), 1, 64);
  if (const Json* assumption = reader.value("assumption")) {
    const auto which = engine::read_name(*assumption, "/assumption", kAssumptions);
    if (which.is_ok() && *which == 1) request.options.assumption = RewardAssumption::kSlot;
    if (!which.is_ok()) reader.fail(which.status());
  }
  reader.number("max_weight", &request.options.max_weight, 0, 1e12);
  reader.number("alpha", &request.options.alpha, 0.0001, 0.5);
  reader.number("min_effective_sample_size", &request.least_sample, 0, 1e12);
  double lists = static_cast<double>(request.max_lists);
  reader.number("max_lists", &lists, 1, 1'000'000);
  request.max_lists = static_cast<std::uint64_t>(lists);
  if (request.to_ms != 0 && request.to_ms <= request.from_ms) reader.refuse("to", "the end is not after the beginning");
  TAMIS_RETURN_IF_ERROR(reader.status());
  return request;
}

std::string off_policy_to_json(const OffPolicyEvaluation& evaluation) {
  const OffPolicyEstimates& estimates = evaluation.estimates;
  Json json = {{"funnel", evaluation.funnel},
               {"from", format_rfc3339(evaluation.from_ms)},
               {"to", format_rfc3339(evaluation.to_ms)},
               {"assumption", evaluation.assumption},
               {"lists", estimates.lists},
               {"users", estimates.users},
               {"passed_over", evaluation.passed_over},
               {"logged", estimate_json(estimates.logged)},
               {"effective_sample_size", estimates.effective_sample_size},
               {"support", estimates.support},
               {"support_error", estimates.support_error},
               {"matching_share", estimates.matching_share},
               {"clipped_share", estimates.clipped_share},
               {"largest_weight", estimates.largest_weight}};
  const auto is_asked = [&](const ValueEstimate& estimate) {
    return std::find(evaluation.estimators.begin(), evaluation.estimators.end(), estimate.estimator) !=
           evaluation.estimators.end();
  };
  json["estimates"] = Json::object();
  for (const ValueEstimate* estimate : {&estimates.ips, &estimates.snips, &estimates.dr}) {
    if (is_asked(*estimate)) json["estimates"][estimate->estimator] = estimate_json(*estimate);
  }
  return engine::to_text(json);
}

}  // namespace tamis
