// The funnel of whoever configures none.
//
// Weights and quotas are to be tuned on held-out data; they stand here and nowhere else. The learned retrievers lead;
// `trending` and `latest` are weighted so low that they only decide where the others are silent or tie; the last of the
// trending items stands before the first of those that are merely new.
#include "engine/funnel.h"

namespace tamis {

FunnelConfig FunnelConfig::default_funnel() {
  FunnelConfig funnel;
  funnel.retrievers = {
      {.kind = "ann", .quota = 200, .weight = 1.0, .space = "ials"},
      {.kind = "item_knn", .quota = 200, .weight = 0.8, .space = {}},
      {.kind = "user_knn", .quota = 100, .weight = 0.8, .space = {}},
      {.kind = "trending", .quota = 200, .weight = 0.1, .space = {}},
      {.kind = "latest", .quota = 20, .weight = 0.02, .space = {}},
  };
  return funnel;
}

}  // namespace tamis
