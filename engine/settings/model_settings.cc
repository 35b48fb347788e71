#include "engine/settings/model_settings.h"

#include <algorithm>

#include "common/nearest_name.h"
#include "engine/settings/ranker_settings.h"
#include "models/kinds/encoder_kinds.h"
#include "models/kinds/history_model_kinds.h"
#include "models/kinds/model_options.h"

namespace tamis::engine {
namespace {

bool is_known(std::string_view model) {
  const std::vector<std::string>& known = trainable_models();
  return std::find(known.begin(), known.end(), model) != known.end();
}

// A run may be asked to find its models, too.
Status unknown_model(std::string_view model, bool is_of_run = false) {
  std::vector<std::string_view> known(trainable_models().begin(), trainable_models().end());
  if (is_of_run) known.push_back(kAutomatic);
  const std::string_view nearest = nearest_name(model, known);
  std::string message = "'" + std::string(model) + "' is no model that Tamis trains";
  message += nearest.empty() ? "." : "; did you mean '" + std::string(nearest) + "'?";
  message += " Expected one of ";
  for (std::size_t i = 0; i < known.size(); ++i) message += (i == 0 ? "" : ", ") + std::string(known[i]);
  return Status::invalid_argument(std::move(message));
}

Result<models::Settings> resolve(const std::string& model, const models::Settings& settings) {
  if (model == "dlrm") return resolve_ranker_settings(settings);
  TAMIS_ASSIGN_OR_RETURN(const std::vector<models::ModelOption> table, models::model_options(model));
  return models::resolve_settings(table, settings);
}

// The values in force of one model, its defaults filled in.
Result<models::Settings> settings_of(const TrainingOptions& options, const std::string& model) {
  const auto given = options.settings.find(model);
  models::Settings settings;
  if (given != options.settings.end()) settings.insert(given->second.begin(), given->second.end());
  Result<models::Settings> resolved = resolve(model, settings);
  if (!resolved.is_ok())
    return Status(resolved.status()).at_field("training.settings." + model + "." + resolved.status().field());
  return resolved;
}

}  // namespace

const std::vector<std::string>& trainable_models() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names = {"popular", "item_knn", "user_knn"};
    for (const models::EncoderKind& kind : models::encoder_kinds())
      if (kind.train != nullptr) names.emplace_back(kind.name);
    for (const models::HistoryModelKind& kind : models::history_model_kinds()) names.emplace_back(kind.name);
    names.emplace_back("dlrm");
    return names;
  }();
  return kNames;
}

Status validate_run_models(const std::vector<std::string>& names, const std::vector<std::string>& inherited,
                           std::string_view field) {
  if (names.empty())
    return Status::invalid_argument("names no model, expected at least one").at_field(std::string(field));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string at = std::string(field) + "[" + std::to_string(i) + "]";
    if (!is_known(names[i]) && names[i] != kAutomatic) return unknown_model(names[i], /*is_of_run=*/true).at_field(at);
    if (std::count(names.begin(), names.end(), names[i]) > 1)
      return Status::invalid_argument("'" + names[i] + "' stands there twice").at_field(at);
  }
  const auto retrieves = [](const std::string& name) { return name != "dlrm" && name != "popular"; };
  const bool is_ranker_alone = has_ranker(names) && std::none_of(names.begin(), names.end(), retrieves) &&
                               std::none_of(inherited.begin(), inherited.end(), retrieves);
  if (is_ranker_alone)
    return Status::invalid_argument("'dlrm' ranks what other models retrieve; name one of them, too")
        .at_field(std::string(field));
  return Status::ok();
}

Status validate_model_names(const std::vector<std::string>& names, std::string_view field) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (!is_known(names[i]))
      return unknown_model(names[i]).at_field(std::string(field) + "[" + std::to_string(i) + "]");
  return validate_run_models(names, {}, field);
}

Result<ModelSettings> parse_model_settings(const TrainingOptions& options) {
  for (const auto& [model, values] : options.settings) {
    if (!is_known(model)) return unknown_model(model).at_field("training.settings." + model);
    if (model == "popular") TAMIS_RETURN_IF_ERROR(settings_of(options, model).status());
  }
  ModelSettings settings;
  TAMIS_ASSIGN_OR_RETURN(const models::Settings item_knn, settings_of(options, "item_knn"));
  TAMIS_ASSIGN_OR_RETURN(const models::Settings user_knn, settings_of(options, "user_knn"));
  TAMIS_ASSIGN_OR_RETURN(settings.dlrm, settings_of(options, "dlrm"));
  settings.item_knn = models::neighbor_options(item_knn);
  settings.user_knn = models::neighbor_options(user_knn);
  for (const models::EncoderKind& kind : models::encoder_kinds()) {
    if (kind.train == nullptr) continue;
    const std::string name(kind.name);
    TAMIS_ASSIGN_OR_RETURN(settings.encoders[name], settings_of(options, name));
  }
  for (const models::HistoryModelKind& kind : models::history_model_kinds()) {
    const std::string name(kind.name);
    TAMIS_ASSIGN_OR_RETURN(settings.encoders[name], settings_of(options, name));
  }
  return settings;
}

Result<models::Settings> encoder_settings(const ModelSettings& settings, const std::string& encoder) {
  const auto given = settings.encoders.find(encoder);
  if (given != settings.encoders.end()) return given->second;
  return settings_of({}, encoder);
}

}  // namespace tamis::engine
