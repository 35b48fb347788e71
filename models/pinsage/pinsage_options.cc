#include "models/pinsage/pinsage_options.h"

#include <string_view>

namespace tamis::models {
namespace {

std::uint32_t count(const Settings& settings, std::string_view name) {
  return static_cast<std::uint32_t>(integer_setting(settings, name));
}

}  // namespace

std::vector<ModelOption> pinsage_table() {
  const PinSageOptions defaults;
  return {
      integer_option("dim", defaults.dim, 1, 4096, "length of the vectors"),
      integer_option("hidden", defaults.hidden, 1, 4096, "length of what neighbours send"),
      integer_option("epochs", defaults.epochs, 1, 10'000, "passes over the interactions"),
      integer_option("walks", defaults.walks.walks, 1, 1'000'000, "random walks from each item"),
      integer_option("walk_length", defaults.walks.length, 1, 1'000, "steps of a walk, each over a user to an item"),
      integer_option("neighbors", defaults.walks.neighbors, 1, 10'000, "most visited items that an item pools"),
      integer_option("related", defaults.walks.related, 0, 100'000, "next most visited items: hard negatives"),
      integer_option("hard_negatives", defaults.hard_negatives, 0, 1'000,
                     "per row, none in the first epoch and one more in each that follows"),
      integer_option("uniform_negatives", defaults.uniform_negatives, 0, 10'000'000,
                     "items drawn uniformly per step, beside the batch's targets"),
      choice_option("loss", {"softmax", "margin"}, "of a row's targets against the candidates of the step"),
      number_option("temperature", defaults.temperature, 1e-3, 1e3, "what cosines are divided by in the loss softmax"),
      number_option("margin", defaults.margin, 0, 2, "by which a target's cosine is to exceed the others'"),
      integer_option("batch", defaults.batch, 1, 65'536, "rows (parts of histories) per step"),
      number_option("target_share", defaults.target_share, 1e-6, 1,
                    "share of a history that a row predicts from the rest; small: one item per row"),
      integer_option("max_targets", defaults.max_targets, 1, 65'536, "items that a row predicts, at most"),
      integer_option("max_history", defaults.max_history, 1, 65'536, "items of a history considered, the newest"),
      boolean_option("rectify", defaults.rectify, "whether the first convolution ends in a ReLU, as in the paper"),
      boolean_option("item_id", defaults.item_id, "whether items have a vector of their own beside their features"),
      number_option("id_dropout", defaults.id_dropout, 0, 0.99,
                    "share of items with features that train as new: without id and neighbours"),
      integer_option("feature_buckets", defaults.feature_buckets, 1, 100'000'000, "rows of the hashed feature table"),
      number_option("learning_rate", defaults.learning_rate, 1e-9, 10, "of Adam, falling to zero in a line"),
      number_option("init_stddev", defaults.init_stddev, 1e-9, 10, "scale of the random start"),
      integer_option("seed", static_cast<double>(defaults.seed), 0, kLargestInteger, "of walks, start, draws, order"),
  };
}

PinSageOptions pinsage_options(const Settings& settings) {
  PinSageOptions options;
  options.dim = count(settings, "dim");
  options.hidden = count(settings, "hidden");
  options.epochs = count(settings, "epochs");
  options.walks = {.walks = count(settings, "walks"),
                   .length = count(settings, "walk_length"),
                   .neighbors = count(settings, "neighbors"),
                   .related = count(settings, "related"),
                   .seed = integer_setting(settings, "seed")};
  options.hard_negatives = count(settings, "hard_negatives");
  options.uniform_negatives = count(settings, "uniform_negatives");
  if (choice_setting(settings, "loss") == "margin") options.loss = nn::CandidateLossKind::kMargin;
  options.temperature = number_setting(settings, "temperature");
  options.margin = number_setting(settings, "margin");
  options.batch = count(settings, "batch");
  options.target_share = number_setting(settings, "target_share");
  options.max_targets = count(settings, "max_targets");
  options.max_history = count(settings, "max_history");
  options.rectify = boolean_setting(settings, "rectify");
  options.item_id = boolean_setting(settings, "item_id");
  options.id_dropout = number_setting(settings, "id_dropout");
  options.feature_buckets = count(settings, "feature_buckets");
  options.learning_rate = number_setting(settings, "learning_rate");
  options.init_stddev = number_setting(settings, "init_stddev");
  options.seed = integer_setting(settings, "seed");
  return options;
}

}  // namespace tamis::models
