#include "models/bpr/bpr_options.h"

#include "models/epochs.h"

namespace tamis::models {

std::vector<ModelOption> bpr_table() {
  const BprOptions defaults;
  return {
      integer_option("dim", defaults.dim, 1, 2048, "length of the factors"),
      integer_option("epochs", defaults.epochs, 1, 10'000, "visits of every interaction"),
      integer_option("batch", defaults.batch, 1, 1U << 20, "interactions per step"),
      integer_option("negatives", defaults.negatives, 1, 256,
                     "items drawn per interaction, of which the one that scores highest trains; 1 is plain BPR"),
      number_option("disliked_weight", defaults.disliked_weight, 0, 1e3,
                    "of what users turned down, which is to score below a random item; also of the fold-in"),
      number_option("learning_rate", defaults.learning_rate, 1e-9, 1e3, "of Adagrad"),
      number_option("regularization", defaults.regularization, 0, 1e3, "lambda, per visit of a row"),
      number_option("init_stddev", defaults.init_stddev, 1e-9, 1e3, "scale of the random start"),
      time_limit_option(),
      integer_option("seed", static_cast<double>(defaults.seed), 0, kLargestInteger, "of start, order and draws"),
      number_option("fold_in_ridge", kBprFoldInRidge, 1e-6, 1e6,
                    "when served: how strongly a folded-in user is held back, in units of the items' variance"),
  };
}

BprOptions bpr_options(const Settings& settings) {
  return {.dim = static_cast<std::uint32_t>(integer_setting(settings, "dim")),
          .epochs = static_cast<std::uint32_t>(integer_setting(settings, "epochs")),
          .batch = static_cast<std::uint32_t>(integer_setting(settings, "batch")),
          .negatives = static_cast<std::uint32_t>(integer_setting(settings, "negatives")),
          .disliked_weight = number_setting(settings, "disliked_weight"),
          .learning_rate = number_setting(settings, "learning_rate"),
          .regularization = number_setting(settings, "regularization"),
          .init_stddev = number_setting(settings, "init_stddev"),
          .max_train_s = number_setting(settings, "max_train_s"),
          .seed = integer_setting(settings, "seed")};
}

}  // namespace tamis::models
