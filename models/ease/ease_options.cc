#include "models/ease/ease_options.h"

namespace tamis::models {

std::vector<ModelOption> ease_table() {
  const EaseOptions defaults;
  return {
      number_option("regularization", defaults.regularization, 1e-9, 1e9, "lambda"),
      integer_option("max_items", defaults.max_items, 1, 40'000, "a larger catalogue is refused"),
      integer_option("neighbors", 1000, 0, 40'000,
                     "when served: weights kept per item, the largest by magnitude; 0: all"),
  };
}

EaseOptions ease_options(const Settings& settings) {
  return {.regularization = number_setting(settings, "regularization"),
          .max_items = static_cast<std::uint32_t>(integer_setting(settings, "max_items"))};
}

}  // namespace tamis::models
