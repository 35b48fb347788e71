#include "models/sequence/encoder_training.h"

#include <algorithm>
#include <functional>

#include "models/sequence/history_recommenders.h"
#include "models/sequence/sequence_options.h"
#include "models/sequence/train_sequence.h"

namespace tamis::models {
namespace {

// `limit` of the held-out actions by a fixed shuffle; 0: all.
std::vector<HeldOutAction> some_of(const std::vector<HeldOutAction>& actions, std::uint64_t limit) {
  if (limit == 0 || limit >= actions.size()) return actions;
  std::vector<HeldOutAction> shuffled = actions;
  Random random(1);
  for (std::size_t i = shuffled.size(); i > 1; --i) {
    std::swap(shuffled[i - 1], shuffled[random.below(static_cast<std::uint32_t>(i))]);
  }
  shuffled.resize(limit);
  return shuffled;
}

}  // namespace

HeldOutCases::HeldOutCases(const std::vector<HeldOutAction>& actions, bool remove_seen) : seen_(actions.size()) {
  for (std::size_t i = 0; i < actions.size(); ++i) {
    if (remove_seen) {
      seen_[i] = actions[i].history;
      std::sort(seen_[i].begin(), seen_[i].end());
      seen_[i].erase(std::unique(seen_[i].begin(), seen_[i].end()), seen_[i].end());
    }
    cases_.push_back({.user = static_cast<std::uint32_t>(i), .seen = seen_[i], .relevant = actions[i].relevant});
  }
}

Result<std::unique_ptr<SequenceEncoder>> train_sequence_encoder(std::string_view model, const Settings& settings,
                                                                const SequenceDataset& data, std::size_t k,
                                                                const TrainControl& control) {
  TAMIS_RETURN_IF_ERROR(validate_sequence_settings(settings));
  auto encoder = std::make_unique<SequenceEncoder>(sequence_encoder_options(model, settings, data.items()));
  const auto users = some_of(data.validation, integer_setting(settings, "validation_users"));
  const HeldOutCases cases(users, true);
  const Recommender recommender = rank_by_encoder(*encoder)(users);
  Status failure = Status::ok();
  std::function<double()> validate;
  if (!users.empty()) {
    validate = [&] {
      const auto metrics = evaluate_ranking(cases.all(), data.items(), recommender, k, control);
      if (!metrics.is_ok()) failure = metrics.status();
      return metrics.is_ok() ? metrics->ndcg : 0;
    };
  }
  const SequenceTrainOptions options = sequence_train_options(settings);
  TAMIS_RETURN_IF_ERROR(train_sequence(*encoder, data.train, options, validate, control).status());
  TAMIS_RETURN_IF_ERROR(failure);
  return encoder;
}

}  // namespace tamis::models
