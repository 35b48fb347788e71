#include "models/sequence/sequence_options.h"

#include <string>

#include "models/epochs.h"

namespace tamis::models {
namespace {

std::uint32_t small(const Settings& settings, std::string_view name) {
  return static_cast<std::uint32_t>(integer_setting(settings, name));
}

}  // namespace

bool is_sequence_model(std::string_view model) { return model == "sasrec" || model == "bert4rec"; }

std::vector<ModelOption> sequence_model_options(std::string_view model) {
  const bool masked = model == "bert4rec";
  std::vector<ModelOption> options = {
      integer_option("dim", 64, 1, 1024, "length of the vectors; a multiple of heads"),
      integer_option("blocks", 2, 1, 16, "transformer blocks"),
      integer_option("heads", masked ? 2 : 1, 1, 64, "attention heads"),
      integer_option("inner", masked ? 256 : 64, 1, 8192, "width of the position-wise network"),
      integer_option("max_length", 200, 2, 4096, "actions considered, the newest"),
      number_option("dropout", masked ? 0.2 : 0.3, 0, 0.9, "share of activations dropped while training"),
      choice_option("loss", {"full_softmax", "sampled_softmax", "bce", "gbce"},
                    "over all items; over some, shared by a few sequences; each target against negatives of its own, "
                    "plain or with the positive's power calibrated"),
      integer_option("negatives", 256, 1, 1'000'000, "items drawn by the sampled losses"),
      number_option("calibration", 0.75, 0, 1, "t of gbce: 0 is bce, 1 calibrates as full softmax does"),
      number_option("learning_rate", masked ? 0.001 : 0.003, 1e-7, 1, "of Adam"),
      integer_option("warmup_steps", 100, 0, 1'000'000, "steps over which the rate rises from zero"),
      number_option("final_rate", masked ? 1 : 0.05, 0, 1,
                    "share of the rate left at the end; it falls along a cosine"),
      number_option("average", masked ? 0 : 0.995, 0, 0.99999,
                    "decay of a running mean of the weights, which is what is kept; 0: none"),
      boolean_option("older_windows", !masked,
                     "whether sequences longer than max_length are learned from whole, or by their newest part alone"),
      integer_option("batch", masked ? 128 : 32, 1, 100'000, "sequences per step"),
      integer_option("epochs", masked ? 400 : 60, 1, 100'000, "at most"),
      integer_option("patience", 20, 0, 100'000, "validations without a better score before training stops; 0: never"),
      integer_option("validate_every", 1, 1, 100'000, "epochs from one validation to the next"),
      integer_option("validation_users", 0, 0, kLargestInteger, "users of the validation while training; 0: all"),
      time_limit_option(),
      integer_option("seed", 42, 0, kLargestInteger, "of weights, order, dropout and negatives"),
  };
  if (masked) {
    options.push_back(
        number_option("mask_probability", 0.2, 0.001, 0.999, "share of the actions hidden and predicted"));
    options.push_back(number_option("last_mask_probability", 0.1, 0, 1,
                                    "share of sequences of which only the last action is hidden"));
  }
  return options;
}

SequenceEncoderOptions sequence_encoder_options(std::string_view model, const Settings& settings, std::uint32_t items) {
  return {.items = items,
          .dim = small(settings, "dim"),
          .blocks = small(settings, "blocks"),
          .heads = small(settings, "heads"),
          .inner = small(settings, "inner"),
          .max_length = small(settings, "max_length"),
          .dropout = number_setting(settings, "dropout"),
          .bidirectional = model == "bert4rec",
          .seed = integer_setting(settings, "seed")};
}

SequenceTrainOptions sequence_train_options(const Settings& settings) {
  const std::string_view loss = choice_setting(settings, "loss");
  SequenceTrainOptions options;
  options.loss.negatives = small(settings, "negatives");
  if (loss == "sampled_softmax") options.loss.loss = SequenceLoss::kSampledSoftmax;
  if (loss == "bce" || loss == "gbce") options.loss.loss = SequenceLoss::kBinary;
  if (loss == "gbce") options.loss.calibration = number_setting(settings, "calibration");
  options.learning_rate = number_setting(settings, "learning_rate");
  options.warmup_steps = small(settings, "warmup_steps");
  options.final_rate = number_setting(settings, "final_rate");
  options.average = number_setting(settings, "average");
  options.older_windows = boolean_setting(settings, "older_windows");
  options.batch = small(settings, "batch");
  options.epochs = small(settings, "epochs");
  options.patience = small(settings, "patience");
  options.validate_every = small(settings, "validate_every");
  options.max_train_s = number_setting(settings, "max_train_s");
  if (settings.contains("mask_probability")) {
    options.mask_probability = number_setting(settings, "mask_probability");
    options.last_mask_probability = number_setting(settings, "last_mask_probability");
  }
  options.seed = integer_setting(settings, "seed");
  return options;
}

Status validate_sequence_settings(const Settings& settings) {
  const std::uint64_t dim = integer_setting(settings, "dim");
  const std::uint64_t heads = integer_setting(settings, "heads");
  if (heads == 0 || dim % heads != 0) {
    return Status::invalid_argument("dim is " + std::to_string(dim) + ", expected a multiple of heads, which is " +
                                    std::to_string(heads))
        .at_field("dim");
  }
  return Status::ok();
}

}  // namespace tamis::models
