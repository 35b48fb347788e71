#include "models/two_tower/train_two_tower.h"

#include <algorithm>
#include <array>

#include "models/epochs.h"
#include "models/two_tower/tower_optimizer.h"
#include "models/two_tower/two_tower_batches.h"

namespace tamis::models {
namespace {

constexpr std::size_t kDislikedPerRow = 8;

class Trainer {
 public:
  Trainer(TwoTowerModel& model, const InteractionMatrix& interactions, const TwoTowerUsers& users)
      : model_(model),
        options_(model.options()),
        interactions_(interactions),
        users_(users),
        rows_(interactions, options_.target_share, options_.max_targets),
        candidates_(interactions, options_.uniform_negatives),
        user_gradients_(model.user_tower()),
        item_gradients_(model.item_tower()),
        user_optimizer_(model.user_tower(), adam()),
        item_optimizer_(model.item_tower(), adam()),
        random_(options_.seed),
        limit_(options_.max_train_s) {
    for (std::size_t t = 0; t < TwoTowerModel::kUserTables; ++t) {
      const auto theirs = TwoTowerModel::lender(static_cast<TwoTowerModel::UserTable>(t));
      if (model.user_tower().borrows(t)) user_gradients_.tables[t] = item_gradients_.tables[theirs];
    }
  }

  std::size_t steps_per_epoch() const { return (rows_.size() + options_.batch - 1) / options_.batch; }

  void finish() {
    user_optimizer_.forget_unmoved(model_.user_tower());
    item_optimizer_.forget_unmoved(model_.item_tower());
  }

  const TimeLimit& limit() const { return limit_; }

  // The mean loss per interaction.
  Result<double> epoch(std::uint32_t index, const TrainControl& control) {
    rows_.shuffle(random_);
    const auto steps = static_cast<double>(steps_per_epoch() * options_.epochs);
    auto done = static_cast<double>(index * steps_per_epoch());
    double loss = 0;
    for (std::size_t first = 0; first < rows_.size(); first += options_.batch) {
      TAMIS_RETURN_IF_ERROR(control.check());
      const std::size_t count = std::min<std::size_t>(options_.batch, rows_.size() - first);
      TAMIS_ASSIGN_OR_RETURN(const double step_loss, step(first, count, 1 - limit_.share_done(done / steps), control));
      loss += step_loss;
      done += 1;
      if (limit_.is_over()) break;
    }
    return loss / static_cast<double>(interactions_.nonzeros());
  }

 private:
  nn::AdamOptions adam() const {
    return {.learning_rate = options_.learning_rate, .weight_decay = options_.weight_decay};
  }

  Result<double> step(std::size_t first, std::size_t count, double rate_scale, const TrainControl& control) {
    gather(first, count);
    TAMIS_RETURN_IF_ERROR(model_.user_tower().forward(user_inputs_, count, user_cache_, control));
    const std::size_t size = candidates_.items().size();
    TAMIS_RETURN_IF_ERROR(model_.item_tower().forward(item_inputs_, size, item_cache_, control));

    std::vector<float> offsets;
    if (options_.logq_correction) offsets = candidates_.logit_offsets(drawn_);
    const nn::CandidateBatch batch{.dim = options_.dim,
                                   .rows = count,
                                   .candidates = size,
                                   .queries = user_cache_.out.data(),
                                   .items = item_cache_.out.data(),
                                   .target_offsets = target_offsets_,
                                   .targets = targets_,
                                   .ignored_offsets = ignored_offsets_,
                                   .ignored = ignored_,
                                   .disliked_offsets = disliked_offsets_,
                                   .disliked = disliked_,
                                   .logit_offsets = options_.logq_correction ? offsets.data() : nullptr};
    duser_.resize(count * options_.dim);
    ditem_.resize(size * options_.dim);
    TAMIS_ASSIGN_OR_RETURN(const double loss,
                           nn::candidate_loss(options_.loss, batch, 1 / static_cast<float>(targets_.size()),
                                              duser_.data(), ditem_.data(), scratch_, control));
    user_gradients_.clear();
    item_gradients_.clear();
    TAMIS_RETURN_IF_ERROR(
        model_.user_tower().backward(user_inputs_, count, duser_.data(), user_cache_, user_gradients_, control));
    TAMIS_RETURN_IF_ERROR(
        model_.item_tower().backward(item_inputs_, size, ditem_.data(), item_cache_, item_gradients_, control));
    TAMIS_RETURN_IF_ERROR(user_optimizer_.step(model_.user_tower(), user_gradients_, rate_scale, control));
    TAMIS_RETURN_IF_ERROR(item_optimizer_.step(model_.item_tower(), item_gradients_, rate_scale, control));
    return loss;
  }

  // The inputs of both towers for rows [first, first + count), and which candidates each row is to score high.
  void gather(std::size_t first, std::size_t count) {
    for (nn::Bags& bags : user_inputs_) bags.clear();
    for (nn::Bags& bags : item_inputs_) bags.clear();
    candidates_.clear();
    drawn_ = 0;
    for (std::size_t row = first; row < first + count; ++row) {
      for (const std::uint32_t item : rows_.targets(row)) candidates_.add(item);
      drawn_ += rows_.targets(row).size();
    }
    draw_disliked(first, count);
    candidates_.add_uniform(random_);
    for (const std::uint32_t item : candidates_.items()) {
      model_.append_item(item, !model_.item_has_features(item) || keep_id(), item_inputs_);
    }
    target_offsets_.assign(1, 0);
    ignored_offsets_.assign(1, 0);
    targets_.clear();
    ignored_.clear();
    for (std::size_t row = first; row < first + count; ++row) gather_row(row);
  }

  void gather_row(std::size_t row) {
    const std::uint32_t user = rows_.user(row);
    rows_.history(row, options_.max_history, history_);
    const bool with_id = history_.empty() || keep_id();
    const std::uint32_t context = draw_context(row);
    model_.append_user({.history = history_,
                        .user = with_id ? &user : nullptr,
                        .profile = users_.features.empty() ? nullptr : &users_.features[user],
                        .context = context == 0 ? nullptr : &users_.contexts[context]},
                       user_inputs_);
    split_candidates(candidates_, interactions_.row_columns(user), row_targets_, targets_, ignored_);
    target_offsets_.push_back(static_cast<std::uint32_t>(targets_.size()));
    ignored_offsets_.push_back(static_cast<std::uint32_t>(ignored_.size()));
  }

  // Adds some of what each row's user turned down to the candidates, as hard negatives.
  void draw_disliked(std::size_t first, std::size_t count) {
    if (users_.disliked == nullptr || users_.disliked->nonzeros() == 0) return;
    disliked_offsets_.assign(1, 0);
    disliked_.clear();
    for (std::size_t row = first; row < first + count; ++row) {
      const auto all = users_.disliked->row_columns(rows_.user(row));
      const std::size_t begin = disliked_.size();
      for (std::size_t draw = 0; draw < std::min(all.size(), kDislikedPerRow); ++draw) {
        const std::uint32_t item = all[random_.below(static_cast<std::uint32_t>(all.size()))];
        candidates_.add(item);
        const std::uint32_t place = candidates_.place(item);
        const auto known = disliked_.begin() + static_cast<std::ptrdiff_t>(begin);
        if (std::find(known, disliked_.end(), place) == disliked_.end()) disliked_.push_back(place);
      }
      disliked_offsets_.push_back(static_cast<std::uint32_t>(disliked_.size()));
    }
  }

  // That of one of the row's targets, or 0; row_targets_ are then those that go with it.
  std::uint32_t draw_context(std::size_t row) {
    const std::span<const std::uint32_t> targets = rows_.targets(row);
    row_targets_.assign(targets.begin(), targets.end());
    if (users_.pair_contexts.empty()) return 0;
    const std::uint32_t user = rows_.user(row);
    const std::uint32_t chosen = context_of(user, targets[random_.below(static_cast<std::uint32_t>(targets.size()))]);
    if (chosen == 0 || random_.uniform() < options_.context_dropout) return 0;
    std::erase_if(row_targets_, [&](std::uint32_t item) { return context_of(user, item) != chosen; });
    return chosen;
  }

  std::uint32_t context_of(std::uint32_t user, std::uint32_t item) const {
    const std::span<const std::uint32_t> row = interactions_.row_columns(user);
    const auto place = std::lower_bound(row.begin(), row.end(), item) - row.begin();
    return users_.pair_contexts[interactions_.offsets[user] + static_cast<std::size_t>(place)];
  }

  bool keep_id() { return random_.uniform() >= options_.id_dropout; }

  TwoTowerModel& model_;
  const TwoTowerOptions& options_;
  const InteractionMatrix& interactions_;
  const TwoTowerUsers& users_;
  HoldOutRows rows_;
  Candidates candidates_;
  Tower::TowerGradients user_gradients_, item_gradients_;
  TowerOptimizer user_optimizer_, item_optimizer_;
  Random random_;
  const TimeLimit limit_;

  // Of the step at hand; kept for their memory.
  std::array<nn::Bags, TwoTowerModel::kUserTables> user_inputs_;
  std::array<nn::Bags, TwoTowerModel::kItemTables> item_inputs_;
  Tower::Cache user_cache_, item_cache_;
  std::vector<std::uint32_t> history_, row_targets_;
  std::size_t drawn_ = 0;  // targets of all rows, repeated ones too
  std::vector<std::uint32_t> target_offsets_, targets_, ignored_offsets_, ignored_;
  std::vector<std::uint32_t> disliked_offsets_, disliked_;  // no offsets where nobody turned anything down
  std::vector<float> duser_, ditem_;
  nn::CandidateScratch scratch_;
};

constexpr std::uint32_t kEmbedAtOnce = 4096;

}  // namespace

Status train_two_tower(TwoTowerModel& model, const InteractionMatrix& interactions, const TwoTowerUsers& users,
                       const TrainControl& control, const std::function<void(std::uint32_t, double)>& epoch_done) {
  if (interactions.nonzeros() == 0) return Status::invalid_argument("there is no interaction to learn from");
  Trainer trainer(model, interactions, users);
  const auto epoch = [&](std::uint32_t index) { return trainer.epoch(index, control); };
  TAMIS_RETURN_IF_ERROR(run_epochs(model.options().epochs, trainer.limit(), control, epoch, epoch_done));
  trainer.finish();
  return Status::ok();
}

Result<TowerVectors> embed_all(const TwoTowerModel& model, const InteractionMatrix& interactions,
                               std::span<const Features> user_features, const TrainControl& control) {
  TowerVectors vectors;
  std::vector<bool> met(model.items(), false);
  for (const std::uint32_t item : interactions.column) met[item] = true;
  std::array<nn::Bags, TwoTowerModel::kUserTables> user_inputs;
  std::array<nn::Bags, TwoTowerModel::kItemTables> item_inputs;
  Tower::Cache cache;
  for (std::uint32_t first = 0; first < model.items(); first += kEmbedAtOnce) {
    const std::uint32_t count = std::min(kEmbedAtOnce, model.items() - first);
    for (nn::Bags& bags : item_inputs) bags.clear();
    for (std::uint32_t item = first; item < first + count; ++item) model.append_item(item, met[item], item_inputs);
    TAMIS_RETURN_IF_ERROR(model.item_tower().forward(item_inputs, count, cache, control));
    vectors.items.insert(vectors.items.end(), cache.out.begin(), cache.out.end());
  }
  for (std::uint32_t first = 0; first < model.users(); first += kEmbedAtOnce) {
    const std::uint32_t count = std::min(kEmbedAtOnce, model.users() - first);
    for (nn::Bags& bags : user_inputs) bags.clear();
    for (std::uint32_t user = first; user < first + count; ++user) {
      model.append_user({.history = interactions.row_columns(user),
                         .user = &user,
                         .profile = user_features.empty() ? nullptr : &user_features[user],
                         .context = nullptr},
                        user_inputs);
    }
    TAMIS_RETURN_IF_ERROR(model.user_tower().forward(user_inputs, count, cache, control));
    vectors.users.insert(vectors.users.end(), cache.out.begin(), cache.out.end());
  }
  return vectors;
}

}  // namespace tamis::models
