#include "engine/query/objective_names.h"

#include <algorithm>
#include <string>
#include <vector>

#include "common/nearest_name.h"
#include "engine/serving/generation.h"
#include "engine/serving/generation_ranker.h"
#include "engine/settings/ranker_settings.h"
#include "ranker/objective_formula.h"

namespace tamis::engine {
namespace {

// The types of training.settings.dlrm.objectives: of "watch>=30" the part before the least value.
std::vector<std::string> asked_objectives(const DatabaseOptions& options) {
  std::vector<std::string> names;
  const auto given = options.training.settings.find("dlrm");
  if (given == options.training.settings.end()) return names;
  const auto settings = resolve_ranker_settings(models::Settings(given->second.begin(), given->second.end()));
  if (!settings.is_ok()) return names;  // the options were checked when the database was opened
  const auto ranker = parse_ranker_settings(*settings);
  if (!ranker.is_ok()) return names;
  for (const std::string& text : ranker->objectives) names.push_back(text.substr(0, text.find(">=")));
  return names;
}

std::vector<std::string> served_objectives(const ReadState& state) {
  std::vector<std::string> names;
  if (state.generation == nullptr || state.generation->ranker == nullptr) return names;
  for (const auto& objective : state.generation->ranker->objectives()) names.push_back(objective->name());
  return names;
}

std::string unknown_name(const std::string& name, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  std::string text = "the formula names \"" + name + "\", which the ranker does not predict";
  if (const std::string_view near = nearest_name(name, views); !near.empty())
    text += "; did you mean \"" + std::string(near) + "\"?";
  text += " (known:";
  for (const std::string& one : known) text += " " + one;
  return text + ")";
}

}  // namespace

Status check_objective_names(const ReadState& state, const FunnelConfig& funnel) {
  const std::string& text = funnel.ranker.objective;
  if (text.empty()) return Status::ok();
  TAMIS_ASSIGN_OR_RETURN(const ranker::ObjectiveFormula formula, ranker::ObjectiveFormula::parse(text));
  std::vector<std::string> known = asked_objectives(*state.options);
  const bool chooses_by_itself = known.empty();
  for (std::string& name : served_objectives(state)) known.push_back(std::move(name));
  if (known.empty()) return Status::ok();
  known.emplace_back(kMergedScore);
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  for (const std::string& name : formula.names()) {
    if (std::binary_search(known.begin(), known.end(), name)) continue;
    if (chooses_by_itself && state.store->find_interaction_type(name)) continue;
    return Status::invalid_argument(unknown_name(name, known)).at_field("/ranker/objective");
  }
  return Status::ok();
}

std::vector<std::string> unpredicted_names(const ReadState& state, const FunnelConfig& funnel) {
  std::vector<std::string> unknown;
  if (funnel.ranker.objective.empty()) return unknown;
  const auto formula = ranker::ObjectiveFormula::parse(funnel.ranker.objective);
  if (!formula.is_ok()) return unknown;
  std::vector<std::string> known = asked_objectives(*state.options);
  for (std::string& name : served_objectives(state)) known.push_back(std::move(name));
  for (const std::string& name : formula->names()) {
    if (name == kMergedScore || std::find(known.begin(), known.end(), name) != known.end()) continue;
    if (!state.store->find_interaction_type(name)) unknown.push_back(name);
  }
  return unknown;
}

}  // namespace tamis::engine
