#include "models/kinds/history_model_kinds.h"

#include <algorithm>

#include "models/bought_together/bought_together.h"
#include "models/ease/ease_history_model.h"
#include "models/ease/ease_options.h"
#include "models/graph_filter/blurring_sharpening_history_model.h"
#include "models/graph_filter/graph_filter_history_model.h"
#include "models/graph_filter/graph_filter_options.h"

namespace tamis::models {
namespace {

constexpr HistoryModelKind kHistoryModelKinds[] = {
    {.name = "ease",
     .train = EaseHistoryModel::train,
     .load = EaseHistoryModel::load,
     .options = ease_table,
     .cost = 20},
    {.name = "graph_filter",
     .train = GraphFilterHistoryModel::train,
     .load = GraphFilterHistoryModel::load,
     .options = graph_filter_table,
     .cost = 1,
     .walks_over_users = true},
    {.name = "bspm",
     .train = BlurringSharpeningHistoryModel::train,
     .load = BlurringSharpeningHistoryModel::load,
     .options = blurring_sharpening_table,
     .cost = 20,
     .walks_over_users = true},
    {.name = "bought_together",
     .train_events = BoughtTogetherModel::train,
     .load = BoughtTogetherModel::load,
     .options = bought_together_table,
     .cost = 1,
     .is_of_carts = true},
};

}  // namespace

std::span<const HistoryModelKind> history_model_kinds() { return kHistoryModelKinds; }

const HistoryModelKind* find_history_model_kind(std::string_view name) {
  const auto* found = std::find_if(std::begin(kHistoryModelKinds), std::end(kHistoryModelKinds),
                                   [&](const HistoryModelKind& kind) { return kind.name == name; });
  return found == std::end(kHistoryModelKinds) ? nullptr : found;
}

}  // namespace tamis::models
