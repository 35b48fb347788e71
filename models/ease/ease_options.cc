#include "models/ease/ease_options.h"

namespace tamis::models {

std::vector<ModelOption> ease_table() {
  const EaseOptions defaults;
  return {
      number_option("regularization", defaults.regularization, 1e-9, 1e9, "lambda"),
      number_option("disliked_weight", defaults.disliked_weight, 0, 1e3,
                    "of what users turned down, beside what they like"),
      integer_option("max_items", defaults.max_items, 1, 40'000,
                     "of the exact solution; a larger catalogue gets the sparse one"),
      integer_option("candidates", defaults.candidates, 1, 5'000,
                     "sparse solution: the most related items, from which each item is predicted"),
      integer_option("max_row_length", defaults.max_row_length, 0, 4294967295,
                     "sparse solution: users of more items are subsampled to this; 0: never"),
      integer_option("neighbors", 1000, 0, 40'000,
                     "when served: weights kept per item, the largest by magnitude; 0: all"),
  };
}

EaseOptions ease_options(const Settings& settings) {
  return {.regularization = number_setting(settings, "regularization"),
          .disliked_weight = number_setting(settings, "disliked_weight"),
          .max_items = static_cast<std::uint32_t>(integer_setting(settings, "max_items")),
          .candidates = static_cast<std::uint32_t>(integer_setting(settings, "candidates")),
          .max_row_length = static_cast<std::uint32_t>(integer_setting(settings, "max_row_length"))};
}

}  // namespace tamis::models
