#include "models/mf/mf_options.h"

namespace tamis::models {

std::vector<ModelOption> mf_table() {
  const MfOptions defaults;
  return {
      integer_option("dim", defaults.dim, 0, 2048, "length of the factors; 0: biases alone"),
      integer_option("epochs", defaults.epochs, 1, 10'000, "visits of every rating"),
      number_option("learning_rate", defaults.learning_rate, 1e-9, 10, "of the first epoch"),
      number_option("rate_decay", defaults.rate_decay, 0.1, 1, "times the rate after each epoch"),
      number_option("regularization", defaults.regularization, 0, 1e3, "lambda of the factors, per rating"),
      number_option("bias_regularization", defaults.bias_regularization, 0, 1e3, "lambda of the biases, per rating"),
      number_option("init_stddev", defaults.init_stddev, 1e-9, 1e3, "scale of the random start"),
      integer_option("seed", static_cast<double>(defaults.seed), 0, kLargestInteger, "of start and order"),
  };
}

MfOptions mf_options(const Settings& settings) {
  return {.dim = static_cast<std::uint32_t>(integer_setting(settings, "dim")),
          .epochs = static_cast<std::uint32_t>(integer_setting(settings, "epochs")),
          .learning_rate = number_setting(settings, "learning_rate"),
          .rate_decay = number_setting(settings, "rate_decay"),
          .regularization = number_setting(settings, "regularization"),
          .bias_regularization = number_setting(settings, "bias_regularization"),
          .init_stddev = number_setting(settings, "init_stddev"),
          .seed = integer_setting(settings, "seed")};
}

}  // namespace tamis::models
