#include "engine/learn/learned_models.h"

#include <numeric>

namespace tamis::engine {
namespace {

// IalsOptions with unobserved_weight in the unit of the matrix's weights. To scale all weights by s is to scale
// alpha_0 by s (and the objective with it), so the fold-in can take interactions' weights as they are.
models::IalsOptions absolute_options(const models::IalsOptions& options, const models::InteractionMatrix& matrix) {
  models::IalsOptions absolute = options;
  const double total = std::accumulate(matrix.weight.begin(), matrix.weight.end(), 0.0);
  if (matrix.nonzeros() > 0 && total > 0) absolute.unobserved_weight *= total / static_cast<double>(matrix.nonzeros());
  return absolute;
}

}  // namespace

Status learn_model(const std::string& model, const models::InteractionMatrix& interactions,
                   const ModelSettings& settings, const models::TrainControl& control, LearnedModels* learned) {
  if (model == "item_knn") {
    TAMIS_ASSIGN_OR_RETURN(learned->item_neighbors,
                           models::train_neighbors(interactions.transpose(), settings.item_knn, control));
  } else if (model == "user_knn") {
    TAMIS_ASSIGN_OR_RETURN(learned->user_neighbors, models::train_neighbors(interactions, settings.user_knn, control));
  } else if (model == "ials") {
    TAMIS_ASSIGN_OR_RETURN(learned->ials,
                           models::train_ials(interactions, absolute_options(settings.ials, interactions), control));
  }
  return Status::ok();
}

Result<LearnedModels> learn_models(const std::vector<std::string>& names, const models::InteractionMatrix& interactions,
                                   const ModelSettings& settings, const RunControl& control) {
  double total = 0;
  for (const std::string& name : names) total += expected_cost(name);
  LearnedModels learned;
  double done = 0;
  for (const std::string& name : names) {
    TAMIS_RETURN_IF_ERROR(control.check());
    const double begin = done / total;
    done += expected_cost(name);
    TAMIS_RETURN_IF_ERROR(
        learn_model(name, interactions, settings, control.stage(name, begin, done / total), &learned));
  }
  return learned;
}

double expected_cost(const std::string& model) {
  if (model == "ials") return 10;
  if (model == "popular") return 0.1;
  return 2;
}

}  // namespace tamis::engine
