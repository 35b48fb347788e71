#include "models/kinds/history_model_kinds.h"

#include <algorithm>

#include "models/bought_together/bought_together.h"
#include "models/ease/ease_history_model.h"
#include "models/graph_filter/blurring_sharpening_history_model.h"
#include "models/graph_filter/graph_filter_history_model.h"

namespace tamis::models {
namespace {

constexpr HistoryModelKind kHistoryModelKinds[] = {
    {.name = "ease", .train = EaseHistoryModel::train, .load = EaseHistoryModel::load, .cost = 20},
    {.name = "graph_filter", .train = GraphFilterHistoryModel::train, .load = GraphFilterHistoryModel::load, .cost = 1},
    {.name = "bspm",
     .train = BlurringSharpeningHistoryModel::train,
     .load = BlurringSharpeningHistoryModel::load,
     .cost = 20},
    {.name = "bought_together",
     .train_events = BoughtTogetherModel::train,
     .load = BoughtTogetherModel::load,
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
