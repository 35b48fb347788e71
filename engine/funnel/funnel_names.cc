#include "engine/funnel/funnel_names.h"

#include <vector>

#include "models/kinds/history_model_kinds.h"

namespace tamis::engine {

std::span<const std::string_view> retriever_kinds() {
  static const std::vector<std::string_view> kKinds = [] {
    std::vector<std::string_view> kinds = {"ann", "item_knn", "user_knn", "popular", "trending", "latest", "similar"};
    for (const models::HistoryModelKind& kind : models::history_model_kinds())
      if (!kind.is_of_carts) kinds.push_back(kind.name);
    kinds.insert(kinds.end(), {"bought_together", "rebuy"});
    return kinds;
  }();
  return kKinds;
}

}  // namespace tamis::engine
