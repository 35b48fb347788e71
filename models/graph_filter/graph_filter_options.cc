#include "models/graph_filter/graph_filter_options.h"

namespace tamis::models {

std::vector<ModelOption> graph_filter_table() {
  const GraphFilterOptions defaults;
  return {
      number_option("history_exponent", defaults.history_exponent, 0, 2,
                    "how much more rare items of the history say than common ones"),
      number_option("user_exponent", defaults.user_exponent, 0, 2,
                    "how much more users of few items say than users of many"),
      number_option("item_exponent", defaults.item_exponent, -1, 2, "how much popular candidates are held back"),
      number_option("locality", defaults.locality, 0.5, 4,
                    "power of what a user shares with the history; above 1 those who share most weigh more"),
      integer_option("max_users", defaults.max_users, 0, 4294967295,
                     "strongest users that pass the signal on, to bound the time; 0: all"),
  };
}

GraphFilterOptions graph_filter_options(const Settings& settings) {
  return {.history_exponent = number_setting(settings, "history_exponent"),
          .user_exponent = number_setting(settings, "user_exponent"),
          .item_exponent = number_setting(settings, "item_exponent"),
          .locality = number_setting(settings, "locality"),
          .max_users = static_cast<std::uint32_t>(integer_setting(settings, "max_users"))};
}

std::vector<ModelOption> blurring_sharpening_table() {
  const BlurringSharpeningOptions defaults;
  return {
      integer_option("rank", defaults.rank, 1, 4096, "singular vectors of the low-pass filter"),
      number_option("low_pass_weight", defaults.low_pass_weight, 0, 1e6, "of the low-pass filter beside propagation"),
      number_option("sharpening_time", defaults.sharpening_time, 0, 10, "how long the blur is run backwards; 0: not"),
      integer_option("sharpening_steps", defaults.sharpening_steps, 1, 100, "steps of Runge and Kutta over that time"),
      integer_option("svd_iterations", defaults.svd_iterations, 1, 100, "of the singular vectors"),
      integer_option("seed", static_cast<double>(defaults.seed), 0, kLargestInteger, "of the singular vectors' start"),
  };
}

BlurringSharpeningOptions blurring_sharpening_options(const Settings& settings) {
  return {.rank = static_cast<std::uint32_t>(integer_setting(settings, "rank")),
          .low_pass_weight = number_setting(settings, "low_pass_weight"),
          .sharpening_time = number_setting(settings, "sharpening_time"),
          .sharpening_steps = static_cast<std::uint32_t>(integer_setting(settings, "sharpening_steps")),
          .svd_iterations = static_cast<std::uint32_t>(integer_setting(settings, "svd_iterations")),
          .seed = integer_setting(settings, "seed")};
}

}  // namespace tamis::models
