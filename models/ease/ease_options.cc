#include "models/ease/ease_options.h"

namespace tamis::models {

std::vector<ModelOption> ease_table() {
  const EaseOptions defaults;
  return {
      number_option("regularization", defaults.regularization, 1e-9, 1e9, "lambda"),
      number_option("disliked_weight", defaults.disliked_weight, 0, 1e3,
                    "of what users turned down, beside what they like"),
      integer_option("max_items", defaults.max_items, 1, 40'000, "a larger catalogue is refused"),
      integer_option("neighbors", 1000, 0, 40'000,
                     "when served: weights kept per item, the largest by magnitude; 0: all"),
  };
}

EaseOptions ease_options(const Settings& settings) {
  return {.regularization = number_setting(settings, "regularization"),
          .disliked_weight = number_setting(settings, "disliked_weight"),
          .max_items = static_cast<std::uint32_t>(integer_setting(settings, "max_items"))};
}

}  // namespace tamis::models
