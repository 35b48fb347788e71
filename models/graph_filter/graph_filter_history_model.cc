#include "models/graph_filter/graph_filter_history_model.h"

#include "models/graph_filter/graph_filter_options.h"
#include "models/ragged_tensors.h"

namespace tamis::models {
namespace {

Result<std::unique_ptr<HistoryModel>> create(InteractionMatrix interactions, const Settings& settings) {
  const GraphFilterOptions options = graph_filter_options(settings);
  TAMIS_RETURN_IF_ERROR(validate(options));
  return std::unique_ptr<HistoryModel>(
      std::make_unique<GraphFilterHistoryModel>(GraphFilter(std::move(interactions), options)));
}

}  // namespace

GraphFilterHistoryModel::GraphFilterHistoryModel(GraphFilter filter)
    : HistoryModel(
          {.kind = "graph_filter", .users = filter.interactions().rows, .items = filter.interactions().columns}),
      filter_(std::move(filter)) {}

Result<std::unique_ptr<HistoryModel>> GraphFilterHistoryModel::train(const InteractionMatrix& interactions,
                                                                     const Settings& settings,
                                                                     const TrainControl& /*control*/) {
  return create(interactions.has_negatives() ? interactions.liked() : interactions, settings);
}

Result<std::unique_ptr<HistoryModel>> GraphFilterHistoryModel::load(const SavedHistoryModel& saved) {
  TAMIS_ASSIGN_OR_RETURN(const Settings settings, resolve_settings(graph_filter_table(), saved.settings));
  TAMIS_ASSIGN_OR_RETURN(InteractionMatrix interactions,
                         read_interactions(saved.tensors, saved.shape.users, saved.shape.items));
  return create(std::move(interactions), settings);
}

Settings GraphFilterHistoryModel::settings() const {
  const GraphFilterOptions& options = filter_.options();
  return {{"history_exponent", number_text(options.history_exponent)},
          {"user_exponent", number_text(options.user_exponent)},
          {"item_exponent", number_text(options.item_exponent)},
          {"locality", number_text(options.locality)},
          {"max_users", std::to_string(options.max_users)}};
}

void GraphFilterHistoryModel::add_tensors(TensorWriter& writer) const {
  add_interactions(writer, filter_.interactions());
}

}  // namespace tamis::models
