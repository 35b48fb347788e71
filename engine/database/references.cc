#include "engine/database/references.h"

#include <algorithm>
#include <set>
#include <string>

#include "engine/experiments/experiment_set.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kNamedUsers = 10;

// Those who use something, as sentences name them: `funnel "home"`.
using Users = std::set<std::string>;

std::string quoted(std::string_view kind, const std::string& name) { return std::string(kind) + " \"" + name + "\""; }

Status check_unused(std::string_view kind, std::string_view name, const Users& users) {
  if (users.empty()) return Status::ok();
  std::string text = std::string(kind) + " \"" + std::string(name) + "\" is in use by ";
  std::size_t named = 0;
  for (const std::string& user : users) {
    if (named == kNamedUsers) break;
    if (named++ > 0) text += ", ";
    text += user;
  }
  if (users.size() > named) text += " and " + std::to_string(users.size() - named) + " more";
  return Status::failed_precondition(text);
}

bool has_ended(const ExperimentConfig& experiment, TimestampMs now_ms) {
  return experiment.end_ms != 0 && experiment.end_ms <= now_ms;
}

// The experiments that have not ended.
std::vector<ExperimentConfig> open_experiments(const ReadState& state, TimestampMs now_ms) {
  if (state.experiments == nullptr) return {};
  std::vector<ExperimentConfig> experiments = state.experiments->list();
  std::erase_if(experiments, [&](const ExperimentConfig& experiment) { return has_ended(experiment, now_ms); });
  return experiments;
}

// The funnel that an arm lays over another; without retrievers, rules and a base where it brings none.
FunnelConfig override_of(const ExperimentArm& arm) {
  FunnelConfig none;
  if (arm.override_json.empty()) return none;
  FunnelConfig laid_over = read_funnel_override("override", arm.override_json).funnel;
  inherit_members(none, &laid_over);
  return laid_over;
}

bool reads_space(const FunnelConfig& funnel, std::string_view space) {
  const auto retrieves = [&](const RetrieverConfig& retriever) { return retriever.space == space; };
  const auto compares = [&](const RuleConfig& rule) {
    const auto* diversity = std::get_if<DiversityRuleConfig>(&rule);
    return diversity != nullptr && diversity->space == space;
  };
  return std::any_of(funnel.retrievers.begin(), funnel.retrievers.end(), retrieves) ||
         std::any_of(funnel.rules.begin(), funnel.rules.end(), compares);
}

Status no_funnel(const std::string& name, std::string field) {
  return Status::not_found("funnel \"" + name + "\" does not exist").at_field(std::move(field));
}

}  // namespace

Status check_funnel_unused(const ReadState& state, std::string_view funnel, TimestampMs now_ms) {
  if (funnel == "default") return Status::ok();
  Users users;
  for (const auto& [name, other] : state.funnels) {
    if (other->base == funnel) users.insert(quoted("funnel", name));
  }
  for (const ExperimentConfig& experiment : open_experiments(state, now_ms)) {
    const std::string name = quoted("experiment", experiment.name);
    if (experiment.funnel == funnel) users.insert(name);
    for (const ExperimentArm& arm : experiment.arms) {
      if (arm.funnel == funnel || override_of(arm).base == funnel)
        users.insert(name + " (" + quoted("arm", arm.name) + ")");
    }
  }
  return check_unused("funnel", funnel, users);
}

Status check_space_unused(const ReadState& state, std::string_view space, TimestampMs now_ms) {
  Users users;
  for (const auto& [name, funnel] : state.funnels) {
    if (reads_space(*funnel, space)) users.insert(quoted("funnel", name));
  }
  for (const ExperimentConfig& experiment : open_experiments(state, now_ms)) {
    for (const ExperimentArm& arm : experiment.arms) {
      if (reads_space(override_of(arm), space))
        users.insert(quoted("experiment", experiment.name) + " (" + quoted("arm", arm.name) + ")");
    }
  }
  return check_unused("space", space, users);
}

Status check_experiment_funnels(const ReadState& state, const ExperimentConfig& experiment, TimestampMs now_ms) {
  if (has_ended(experiment, now_ms)) return Status::ok();
  if (!state.funnels.contains(experiment.funnel)) return no_funnel(experiment.funnel, "/funnel");
  for (std::size_t i = 0; i < experiment.arms.size(); ++i) {
    const ExperimentArm& arm = experiment.arms[i];
    const std::string path = "/arms/" + std::to_string(i);
    if (!arm.funnel.empty() && !state.funnels.contains(arm.funnel)) return no_funnel(arm.funnel, path + "/funnel");
    const std::string base = override_of(arm).base;
    if (!base.empty() && !state.funnels.contains(base)) return no_funnel(base, path + "/override/base");
  }
  return Status::ok();
}

}  // namespace tamis::engine
