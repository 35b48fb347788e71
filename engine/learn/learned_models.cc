#include "engine/learn/learned_models.h"

#include <malloc.h>

#include <algorithm>

#include "models/bought_together/bought_together.h"
#include "models/kinds/encoder_kinds.h"
#include "models/kinds/history_model_kinds.h"

namespace tamis::engine {

Status learn_model(const std::string& model, const models::TrainingData& data, const models::InteractionMatrix& matrix,
                   const ModelSettings& settings, const models::TrainControl& control, LearnedModels* learned) {
  ::malloc_trim(0);  // what the model before used goes back, where it lies between other blocks, too
  models::TrainingData with_matrix = data;
  with_matrix.known_matrix = &matrix;
  if (model == "item_knn") {
    TAMIS_ASSIGN_OR_RETURN(learned->item_neighbors,
                           models::train_neighbors(matrix.transpose(), settings.item_knn, control));
  } else if (model == "user_knn") {
    TAMIS_ASSIGN_OR_RETURN(learned->user_neighbors, models::train_neighbors(matrix, settings.user_knn, control));
  } else if (const models::EncoderKind* kind = models::find_encoder_kind(model); kind != nullptr) {
    TAMIS_ASSIGN_OR_RETURN(const models::Settings in_force, encoder_settings(settings, model));
    Result<std::unique_ptr<models::Encoder>> trained = kind->train(with_matrix, in_force, control);
    if (!trained.is_ok()) return Status(trained.status()).with_context(model);
    learned->encoders.emplace_back(std::move(trained).value());
  } else if (const models::HistoryModelKind* own = models::find_history_model_kind(model); own != nullptr) {
    TAMIS_ASSIGN_OR_RETURN(const models::Settings in_force, encoder_settings(settings, model));
    Result<std::unique_ptr<models::HistoryModel>> trained = own->train_events != nullptr
                                                                ? own->train_events(with_matrix, in_force, control)
                                                                : own->train(matrix, in_force, control);
    if (!trained.is_ok()) return Status(trained.status()).with_context(model);
    learned->history_models.emplace_back(std::move(trained).value());
  }
  return Status::ok();
}

Result<LearnedModels> learn_models(const std::vector<std::string>& names, const models::TrainingData& data,
                                   const models::InteractionMatrix& matrix, const ModelSettings& settings,
                                   const RunControl& control) {
  double total = 0;
  for (const std::string& name : names) total += expected_cost(name);
  LearnedModels learned;
  double done = 0;
  for (const std::string& name : names) {
    TAMIS_RETURN_IF_ERROR(control.check());
    const double begin = done / total;
    done += expected_cost(name);
    TAMIS_RETURN_IF_ERROR(
        learn_model(name, data, matrix, settings, control.stage(name, begin, done / total), &learned));
  }
  return learned;
}

void add_learned(LearnedModels from, LearnedModels* to) {
  if (from.item_neighbors) to->item_neighbors = std::move(from.item_neighbors);
  if (from.user_neighbors) to->user_neighbors = std::move(from.user_neighbors);
  for (auto& encoder : from.encoders) to->encoders.push_back(std::move(encoder));
  for (auto& model : from.history_models) to->history_models.push_back(std::move(model));
}

LearnedModels select_models(const LearnedModels& learned, const std::vector<std::string>& names) {
  const auto is_named = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  LearnedModels selected;
  if (is_named("item_knn")) selected.item_neighbors = learned.item_neighbors;
  if (is_named("user_knn")) selected.user_neighbors = learned.user_neighbors;
  for (const auto& encoder : learned.encoders)
    if (is_named(encoder->shape().name)) selected.encoders.push_back(encoder);
  for (const auto& model : learned.history_models)
    if (is_named(model->shape().kind)) selected.history_models.push_back(model);
  return selected;
}

std::vector<std::string> affordable_base_models(std::uint64_t users) {
  constexpr std::uint64_t kMostNeighbourUsers = 200'000;
  std::vector<std::string> models = base_models();
  if (users > kMostNeighbourUsers) std::erase(models, "user_knn");
  return models;
}

const std::vector<std::string>& base_models() {
  static const std::vector<std::string> kModels = {"popular", "item_knn", "user_knn", "ials"};
  return kModels;
}

double expected_cost(const std::string& model) {
  if (model == "dlrm") return 20;
  if (const models::EncoderKind* kind = models::find_encoder_kind(model)) return kind->cost;
  if (const models::HistoryModelKind* kind = models::find_history_model_kind(model)) return kind->cost;
  return model == "popular" ? 0.1 : 2;
}

bool need_features(const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [](const std::string& name) {
    if (name == "dlrm" || name == kAutomatic) return true;
    const models::EncoderKind* kind = models::find_encoder_kind(name);
    return kind != nullptr && kind->uses_features;
  });
}

bool need_baskets(const std::vector<std::string>& names) {
  return contains(names, "bought_together") || is_automatic(names);
}

bool has_baskets(const models::TrainingData& data, const ModelSettings& settings) {
  constexpr std::uint32_t kFewest = 100;
  const Result<models::Settings> in_force = encoder_settings(settings, "bought_together");
  if (!in_force.is_ok()) return false;
  const auto baskets = models::make_baskets(data, models::bought_together_options(*in_force).baskets);
  return baskets.is_ok() && baskets->rows >= kFewest;
}

bool is_of_carts(const std::string& model) {
  const models::HistoryModelKind* kind = models::find_history_model_kind(model);
  return kind != nullptr && kind->is_of_carts;
}

std::string failure_reason(const std::string& model, const Status& failure) {
  const std::string context = model + ": ";
  return failure.message().starts_with(context) ? failure.message().substr(context.size()) : failure.message();
}

bool needs_interactions(const std::string& model) {
  const models::EncoderKind* kind = models::find_encoder_kind(model);
  return kind == nullptr || kind->needs_interactions;
}

}  // namespace tamis::engine
