#include "engine/settings/ranker_settings.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "engine/serving/rank_feature.h"

namespace tamis::engine {
namespace {

using models::boolean_setting;
using models::integer_setting;
using models::number_setting;

// Settings that are lists; the others are checked by their table.
const models::Settings& list_defaults() {
  static const models::Settings kDefaults = {{"objectives", ""}, {"features", ""}, {"top", "64-32"}, {"bottom", "32"}};
  return kDefaults;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// Labels are bits of one word, and a name is that of a model: "watch" and "watch>=30" cannot both be told apart by it.
Status check_objectives(const std::vector<std::string>& objectives) {
  constexpr std::size_t kMost = 32;
  std::set<std::string> names;
  for (const std::string& objective : objectives) {
    const std::string name = objective.substr(0, objective.find(">="));
    if (!names.insert(name).second)
      return Status::invalid_argument("names \"" + name + "\" twice, expected each type once").at_field("objectives");
  }
  if (names.size() <= kMost) return Status::ok();
  return Status::invalid_argument("names " + std::to_string(names.size()) + " objectives, expected at most " +
                                  std::to_string(kMost))
      .at_field("objectives");
}

Result<std::vector<std::uint32_t>> parse_widths(const std::string& key, const std::string& text) {
  std::vector<std::uint32_t> widths;
  for (const std::string& part : split(text, '-')) {
    std::uint32_t width = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), width);
    if (error != std::errc() || end != part.data() + part.size() || width == 0)
      return Status::invalid_argument("is \"" + text + "\", expected widths of layers as 64-32").at_field(key);
    widths.push_back(width);
  }
  return widths;
}

}  // namespace

std::vector<models::ModelOption> ranker_options() {
  const RankerSettings defaults;
  return {
      models::integer_option("candidates", defaults.lists.candidates, 10, 5'000, "of one list that is learned from"),
      models::boolean_option("repeats", defaults.lists.repeats,
                             "whether items that a user had taken before are candidates"),
      models::boolean_option("sessions", defaults.lists.sessions,
                             "a list at each visit in a window, not at its begin alone"),
      models::integer_option("max_lists", defaults.lists.max_lists, 10, 1e7, "of one window"),
      models::number_option("window", defaults.window, 0.001, 0.5, "share of the interactions that a window spans"),
      models::integer_option("windows", defaults.windows, 1, 10, "consecutive windows of lists"),
      models::integer_option("negatives", defaults.negatives, 1, 5'000, "drawn from the candidates of a list"),
      models::integer_option("uniform_negatives", defaults.uniform_negatives, 0, 5'000,
                             "drawn from the whole catalogue"),
      models::integer_option("min_served", defaults.min_served, 1, 1e9,
                             "successes among the lists served in a window, from which on those are its examples"),
      models::number_option("valid_share", defaults.valid_share, 0.01, 0.9, "of users, for early stop and calibration"),
      models::integer_option("dim", defaults.model.dim, 1, 1'024, "length of the vectors"),
      models::choice_option("interaction", {"both", "dot", "cat"}, "what the top MLP sees of the vectors"),
      models::number_option("dropout", 0.1, 0, 0.95, "in the top MLP"),
      models::number_option("learning_rate", 0.002, 1e-9, 10, "of Adam"),
      models::integer_option("batch", 512, 1, 1e7, "examples per step"),
      models::integer_option("epochs", 12, 1, 1e4, "at most"),
      models::integer_option("patience", 4, 0, 1e4, "epochs without a better validation AUC; 0: never stop"),
      models::number_option("embedding_l2", 0.001, 0, 1e3, "L2 penalty of embeddings"),
      models::choice_option("calibration", {"platt", "isotonic", "none"},
                            "fitted on whole lists of the users kept aside"),
      models::integer_option("min_count", static_cast<double>(defaults.min_count), 1, 1e9,
                             "rarer categories share the unknown row"),
      models::integer_option("seed", 42, 0, models::kLargestInteger, "of the random start, the draws and the order"),
  };
}

Result<models::Settings> resolve_ranker_settings(const models::Settings& settings) {
  models::Settings lists = list_defaults();
  models::Settings rest;
  for (const auto& [key, value] : settings) (lists.contains(key) ? lists : rest)[key] = value;
  TAMIS_ASSIGN_OR_RETURN(models::Settings resolved, models::resolve_settings(ranker_options(), rest));
  resolved.merge(lists);
  TAMIS_RETURN_IF_ERROR(parse_ranker_settings(resolved).status());
  return resolved;
}

Result<RankerSettings> parse_ranker_settings(const models::Settings& settings) {
  RankerSettings parsed;
  const auto whole = [&](std::string_view name) { return static_cast<std::uint32_t>(integer_setting(settings, name)); };
  parsed.lists.candidates = whole("candidates");
  parsed.lists.repeats = boolean_setting(settings, "repeats");
  parsed.lists.sessions = boolean_setting(settings, "sessions");
  parsed.lists.max_lists = whole("max_lists");
  parsed.window = number_setting(settings, "window");
  parsed.windows = whole("windows");
  parsed.negatives = whole("negatives");
  parsed.uniform_negatives = whole("uniform_negatives");
  parsed.min_served = whole("min_served");
  parsed.valid_share = number_setting(settings, "valid_share");
  parsed.min_count = integer_setting(settings, "min_count");
  parsed.objectives = split(settings.find("objectives")->second, ',');
  TAMIS_RETURN_IF_ERROR(check_objectives(parsed.objectives));
  parsed.features = split(settings.find("features")->second, ',');
  TAMIS_RETURN_IF_ERROR(parse_rank_features(parsed.features, "features").status());
  parsed.model.dim = whole("dim");
  TAMIS_ASSIGN_OR_RETURN(parsed.model.interaction,
                         ranker::parse_interaction(models::choice_setting(settings, "interaction")));
  parsed.model.dropout = static_cast<float>(number_setting(settings, "dropout"));
  TAMIS_ASSIGN_OR_RETURN(parsed.model.top, parse_widths("top", settings.find("top")->second));
  TAMIS_ASSIGN_OR_RETURN(parsed.model.bottom, parse_widths("bottom", settings.find("bottom")->second));
  if (parsed.model.top.empty()) return Status::invalid_argument("names no layer, expected as 64-32").at_field("top");
  parsed.training.learning_rate = number_setting(settings, "learning_rate");
  parsed.training.batch = whole("batch");
  parsed.training.epochs = whole("epochs");
  parsed.training.patience = whole("patience");
  parsed.training.plateau_decay = 0.5;
  parsed.training.embedding_l2 = number_setting(settings, "embedding_l2");
  parsed.training.seed = integer_setting(settings, "seed");
  TAMIS_ASSIGN_OR_RETURN(parsed.calibration,
                         ranker::parse_calibration(models::choice_setting(settings, "calibration")));
  return parsed;
}

Result<RankerSettings> ranker_settings(const ModelSettings& settings) {
  if (!settings.dlrm.empty()) return parse_ranker_settings(settings.dlrm);
  TAMIS_ASSIGN_OR_RETURN(const models::Settings defaults, resolve_ranker_settings({}));
  return parse_ranker_settings(defaults);
}

}  // namespace tamis::engine
