#include "models/pinsage/train_pinsage.h"

#include <algorithm>
#include <array>

#include "models/epochs.h"
#include "models/nn/adam.h"
#include "models/nn/candidate_loss.h"
#include "models/pinsage/neighborhood.h"
#include "models/two_tower/tower_optimizer.h"
#include "models/two_tower/two_tower_batches.h"

namespace tamis::models {
namespace {

class Trainer {
 public:
  Trainer(PinSageModel& model, const InteractionMatrix& interactions, const WalkNeighbors& graph)
      : model_(model),
        options_(model.options()),
        interactions_(interactions),
        graph_(graph),
        rows_(interactions, options_.target_share, options_.max_targets),
        candidates_(interactions, options_.uniform_negatives),
        wanted_(interactions.columns),
        neighborhood_(graph.neighbors),
        input_gradients_(model.input()),
        gradients_(model.network()),
        input_optimizer_(model.input(), {.learning_rate = options_.learning_rate}),
        optimizer_(model.network(), {.learning_rate = options_.learning_rate}),
        random_(options_.seed) {}

  // The mean loss per interaction.
  Result<double> epoch(std::uint32_t index, const TrainControl& control) {
    rows_.shuffle(random_);
    hard_negatives_ = std::min(index, options_.hard_negatives);
    const double share = 1.0 / options_.epochs;
    double loss = 0;
    for (std::size_t first = 0; first < rows_.size(); first += options_.batch) {
      TAMIS_RETURN_IF_ERROR(control.check());
      const std::size_t count = std::min<std::size_t>(options_.batch, rows_.size() - first);
      const double done = share * (index + static_cast<double>(first) / static_cast<double>(rows_.size()));
      TAMIS_ASSIGN_OR_RETURN(const double step_loss, step(first, count, 1 - done, control));
      loss += step_loss;
    }
    return loss / static_cast<double>(interactions_.nonzeros());
  }

  void finish() { input_optimizer_.forget_unmoved(model_.input()); }

 private:
  Result<double> step(std::size_t first, std::size_t count, double rate_scale, const TrainControl& control) {
    gather_candidates(first, count);
    gather_rows(first, count);
    step_seed_ = random_();
    neighborhood_.expand(wanted_.items(), [this](std::uint32_t item) { return is_bare(item); });
    gather_inputs();

    const nn::Parameters& network = model_.network();
    const std::size_t dim = options_.dim;
    const std::size_t inputs = neighborhood_.inputs().size();
    const std::size_t middle = neighborhood_.first().outputs();
    const std::size_t wanted = wanted_.items().size();
    TAMIS_RETURN_IF_ERROR(model_.input().forward(inputs_, inputs, input_cache_, control));
    TAMIS_RETURN_IF_ERROR(
        model_.first().forward(network, inputs, input_cache_.out.data(), neighborhood_.first(), first_cache_, control));
    TAMIS_RETURN_IF_ERROR(model_.second().forward(network, middle, first_cache_.out.data(), neighborhood_.second(),
                                                  second_cache_, control));
    TAMIS_RETURN_IF_ERROR(
        model_.user().forward(network, wanted, second_cache_.out.data(), users_, user_cache_, control));

    const std::vector<float> offsets = candidates_.logit_offsets(targets_.size());
    // The candidates are the first of the wanted items.
    const nn::CandidateBatch batch{.dim = dim,
                                   .rows = count,
                                   .candidates = candidates_.items().size(),
                                   .queries = user_cache_.out.data(),
                                   .items = second_cache_.out.data(),
                                   .target_offsets = target_offsets_,
                                   .targets = targets_,
                                   .ignored_offsets = ignored_offsets_,
                                   .ignored = ignored_,
                                   .logit_offsets = offsets.data()};
    const nn::CandidateLossOptions loss_options{.kind = options_.loss,
                                                .inverse_temperature = static_cast<float>(1 / options_.temperature),
                                                .margin = static_cast<float>(options_.margin)};
    duser_.resize(count * dim);
    dwanted_.assign(wanted * dim, 0.0F);
    TAMIS_ASSIGN_OR_RETURN(const double loss,
                           nn::candidate_loss(loss_options, batch, 1 / static_cast<float>(targets_.size()),
                                              duser_.data(), dwanted_.data(), scratch_, control));
    gradients_.clear();
    input_gradients_.clear();
    dmiddle_.assign(middle * dim, 0.0F);
    dinput_.assign(inputs * dim, 0.0F);
    TAMIS_RETURN_IF_ERROR(model_.user().backward(network, wanted, second_cache_.out.data(), users_, duser_.data(),
                                                 dwanted_.data(), user_cache_, gradients_, control));
    TAMIS_RETURN_IF_ERROR(model_.second().backward(network, middle, first_cache_.out.data(), neighborhood_.second(),
                                                   dwanted_.data(), dmiddle_.data(), second_cache_, gradients_,
                                                   control));
    TAMIS_RETURN_IF_ERROR(model_.first().backward(network, inputs, input_cache_.out.data(), neighborhood_.first(),
                                                  dmiddle_.data(), dinput_.data(), first_cache_, gradients_, control));
    TAMIS_RETURN_IF_ERROR(
        model_.input().backward(inputs_, inputs, dinput_.data(), input_cache_, input_gradients_, control));
    optimizer_.step(model_.network(), gradients_, rate_scale);
    TAMIS_RETURN_IF_ERROR(input_optimizer_.step(model_.input(), input_gradients_, rate_scale, control));
    return loss;
  }

  void gather_candidates(std::size_t first, std::size_t count) {
    candidates_.clear();
    for (std::size_t row = first; row < first + count; ++row) {
      for (const std::uint32_t item : rows_.targets(row)) candidates_.add(item);
      add_hard_negatives(row);
    }
    candidates_.add_uniform(random_);
    wanted_.clear();
    for (const std::uint32_t item : candidates_.items()) wanted_.add(item);
  }

  // Items that walks from the row's targets visit, though less than their neighbours. What the user has is among the
  // row's ignored candidates anyway.
  void add_hard_negatives(std::size_t row) {
    const auto targets = rows_.targets(row);
    for (std::uint32_t draw = 0; draw < hard_negatives_; ++draw) {
      const std::uint32_t near = targets[random_.below(static_cast<std::uint32_t>(targets.size()))];
      const auto related = graph_.related_to(near);
      if (!related.empty()) candidates_.add(related[random_.below(static_cast<std::uint32_t>(related.size()))]);
    }
  }

  void gather_rows(std::size_t first, std::size_t count) {
    users_.neighbors.clear();
    target_offsets_.assign(1, 0);
    ignored_offsets_.assign(1, 0);
    targets_.clear();
    ignored_.clear();
    for (std::size_t row = first; row < first + count; ++row) {
      rows_.history(row, options_.max_history, history_);
      const float weight = 1 / static_cast<float>(std::max<std::size_t>(history_.size(), 1));
      for (const std::uint32_t item : history_) users_.neighbors.add(wanted_.add(item), weight);
      users_.neighbors.end_bag();
      if (!history_.empty()) {
        split_candidates(candidates_, interactions_.row_columns(rows_.user(row)), rows_.targets(row), targets_,
                         ignored_);
      }
      target_offsets_.push_back(static_cast<std::uint32_t>(targets_.size()));
      ignored_offsets_.push_back(static_cast<std::uint32_t>(ignored_.size()));
    }
  }

  void gather_inputs() {
    for (nn::Bags& bags : inputs_) bags.clear();
    for (const std::uint32_t item : neighborhood_.inputs()) {
      model_.append_item(item, !is_bare(item), inputs_);
    }
  }

  // Whether the item trains in this step as a new one would be embedded: by its features alone.
  bool is_bare(std::uint32_t item) const {
    return model_.item_has_features(item) && Random(step_seed_ + item).uniform() < options_.id_dropout;
  }

  PinSageModel& model_;
  const PinSageOptions& options_;
  const InteractionMatrix& interactions_;
  const WalkNeighbors& graph_;
  HoldOutRows rows_;
  Candidates candidates_;
  ItemSet wanted_;  // the candidates, and behind them the rest of the rows' histories
  Neighborhood neighborhood_;
  Tower::TowerGradients input_gradients_;
  nn::Gradients gradients_;
  TowerOptimizer input_optimizer_;
  nn::Adam optimizer_;
  Random random_;
  std::uint32_t hard_negatives_ = 0;
  std::uint64_t step_seed_ = 0;

  // Of the step at hand; kept for their memory.
  std::array<nn::Bags, PinSageModel::kInputTables> inputs_;
  ConvolutionBlock users_;
  Tower::Cache input_cache_;
  Convolution::Cache first_cache_, second_cache_, user_cache_;
  std::vector<std::uint32_t> history_, target_offsets_, targets_, ignored_offsets_, ignored_;
  std::vector<float> duser_, dwanted_, dmiddle_, dinput_;
  nn::CandidateScratch scratch_;
};

}  // namespace

Status train_pinsage(PinSageModel& model, const InteractionMatrix& interactions, const WalkNeighbors& graph,
                     const TrainControl& control, const std::function<void(std::uint32_t, double)>& epoch_done) {
  if (interactions.nonzeros() == 0) return Status::invalid_argument("there is no interaction to learn from");
  Trainer trainer(model, interactions, graph);
  const auto epoch = [&](std::uint32_t index) { return trainer.epoch(index, control); };
  TAMIS_RETURN_IF_ERROR(run_epochs(model.options().epochs, TimeLimit(), control, epoch, epoch_done));
  trainer.finish();
  return Status::ok();
}

}  // namespace tamis::models
