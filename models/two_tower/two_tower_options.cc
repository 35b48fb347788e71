#include "models/two_tower/two_tower_options.h"

#include <string_view>

#include "models/epochs.h"

namespace tamis::models {
namespace {

nn::CandidateLossKind loss_kind(std::string_view name) {
  if (name == "bce") return nn::CandidateLossKind::kBce;
  if (name == "margin") return nn::CandidateLossKind::kMargin;
  if (name == "cosine_contrastive") return nn::CandidateLossKind::kCosineContrastive;
  return nn::CandidateLossKind::kSoftmax;
}

std::uint32_t count(const Settings& settings, std::string_view name) {
  return static_cast<std::uint32_t>(integer_setting(settings, name));
}

}  // namespace

std::vector<ModelOption> two_tower_table() {
  const TwoTowerOptions defaults;
  return {
      integer_option("dim", defaults.dim, 1, 4096, "length of the vectors"),
      integer_option("epochs", defaults.epochs, 1, 10'000, "passes over the interactions"),
      choice_option("loss", {"softmax", "bce", "margin", "cosine_contrastive"},
                    "of a row's targets against the candidates that the step shares"),
      choice_option("similarity", {"cosine", "dot"}, "of user and item vectors"),
      number_option("temperature", 0.08, 1e-3, 1e3, "what scores are divided by in the losses softmax and bce"),
      number_option("margin", defaults.loss.margin, -1, 1e3, "of the losses margin and cosine_contrastive"),
      number_option("negative_weight", defaults.loss.negative_weight, 0, 1e6,
                    "what all negatives together count beside a target, but for the loss softmax"),
      number_option("disliked_weight", defaults.loss.disliked_weight, 0, 1e6,
                    "of what users turned down, which is pushed away beside the other negatives"),
      boolean_option("logq_correction", defaults.logq_correction,
                     "whether negatives are weighted by the inverse of their chance to be drawn (loss softmax)"),
      integer_option("uniform_negatives", defaults.uniform_negatives, 0, 10'000'000,
                     "items drawn uniformly per step, beside the batch's targets; the catalogue's size: full softmax"),
      integer_option("batch", defaults.batch, 1, 65'536, "rows (parts of histories) per step"),
      number_option("target_share", defaults.target_share, 1e-6, 1,
                    "share of a history that a row predicts from the rest; small: one item per row"),
      integer_option("max_targets", defaults.max_targets, 1, 65'536, "items that a row predicts, at most"),
      integer_option("max_history", defaults.max_history, 1, 65'536, "items of a history considered, the newest"),
      number_option("history_exponent", defaults.history_exponent, 0, 1,
                    "the history's vectors are summed and divided by its length to this power; 1: the mean"),
      boolean_option("shared_history", defaults.shared_history,
                     "whether a history is pooled from the item tower's tables or from ones of its own"),
      boolean_option("user_id", defaults.user_id, "whether the user tower has a vector per user"),
      boolean_option("item_id", defaults.item_id, "whether the item tower has a vector per item"),
      number_option("id_dropout", defaults.id_dropout, 0, 0.99,
                    "share of users with a history, and items with features, that train without their id"),
      number_option("context_dropout", defaults.context_dropout, 0, 1,
                    "share of rows that train without the context that their targets came about in"),
      integer_option("feature_buckets", defaults.feature_buckets, 1, 100'000'000, "rows of a hashed feature table"),
      integer_option("hidden", defaults.hidden, 0, 65'536, "width of each tower's residual network; 0: none"),
      number_option("learning_rate", defaults.learning_rate, 1e-9, 10, "of Adam, falling to zero in a line"),
      number_option("weight_decay", defaults.weight_decay, 0, 100, "decoupled, of the rows that a step touches"),
      number_option("init_stddev", defaults.init_stddev, 1e-9, 10, "scale of the random start"),
      time_limit_option(),
      integer_option("seed", static_cast<double>(defaults.seed), 0, kLargestInteger, "of start, draws and order"),
  };
}

TwoTowerOptions two_tower_options(const Settings& settings) {
  TwoTowerOptions options;
  options.dim = count(settings, "dim");
  options.epochs = count(settings, "epochs");
  options.loss = {.kind = loss_kind(choice_setting(settings, "loss")),
                  .inverse_temperature = static_cast<float>(1 / number_setting(settings, "temperature")),
                  .margin = static_cast<float>(number_setting(settings, "margin")),
                  .negative_weight = static_cast<float>(number_setting(settings, "negative_weight")),
                  .disliked_weight = static_cast<float>(number_setting(settings, "disliked_weight"))};
  options.cosine = choice_setting(settings, "similarity") == "cosine";
  options.logq_correction = boolean_setting(settings, "logq_correction");
  options.uniform_negatives = count(settings, "uniform_negatives");
  options.batch = count(settings, "batch");
  options.target_share = number_setting(settings, "target_share");
  options.max_targets = count(settings, "max_targets");
  options.max_history = count(settings, "max_history");
  options.history_exponent = number_setting(settings, "history_exponent");
  options.shared_history = boolean_setting(settings, "shared_history");
  options.user_id = boolean_setting(settings, "user_id");
  options.item_id = boolean_setting(settings, "item_id");
  options.id_dropout = number_setting(settings, "id_dropout");
  options.context_dropout = number_setting(settings, "context_dropout");
  options.feature_buckets = count(settings, "feature_buckets");
  options.hidden = count(settings, "hidden");
  options.learning_rate = number_setting(settings, "learning_rate");
  options.weight_decay = number_setting(settings, "weight_decay");
  options.init_stddev = number_setting(settings, "init_stddev");
  options.max_train_s = number_setting(settings, "max_train_s");
  options.seed = integer_setting(settings, "seed");
  return options;
}

}  // namespace tamis::models
