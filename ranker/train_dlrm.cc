#include "ranker/train_dlrm.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "models/nn/adam.h"
#include "models/nn/sparse_optimizer.h"
#include "models/parallel.h"
#include "ranker/binary_metrics.h"

namespace tamis::ranker {
namespace {

// log(1 + e^x) without overflow.
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

class Trainer {
 public:
  Trainer(Dlrm& model, const ExampleTable& examples, const DlrmTrainOptions& options)
      : model_(model),
        examples_(examples),
        options_(options),
        gradients_(model.parameters()),
        adam_(model.parameters(), {.learning_rate = options.learning_rate}) {
    for (const auto& table : model.tables()) {
      table_gradients_.emplace_back(table.rows(), table.dim());
      table_adams_.emplace_back(table, models::nn::AdamOptions{.learning_rate = options.learning_rate});
    }
  }

  // One step; returns the sum of the examples' losses.
  Result<double> step(std::span<const std::uint32_t> rows, std::uint64_t seed, double rate_scale,
                      const models::TrainControl& control) {
    TAMIS_RETURN_IF_ERROR(model_.forward_train(examples_, rows, cache_, seed, control));
    const double loss = differentiate_loss(rows);
    gradients_.clear();
    TAMIS_RETURN_IF_ERROR(model_.backward(rows.size(), cache_, gradients_, control));
    adam_.step(model_.parameters(), gradients_, rate_scale);
    TAMIS_RETURN_IF_ERROR(
        models::parallel_blocks(control, table_gradients_.size(), 1, [&](std::size_t begin, std::size_t end) {
          for (std::size_t f = begin; f < end; ++f) step_table(rows, f, rate_scale);
        }));
    return loss;
  }

 private:
  double differentiate_loss(std::span<const std::uint32_t> rows) {
    const float* logits = cache_.top.output();
    const double share = 1 / static_cast<double>(rows.size());
    cache_.dlogits.resize(rows.size());
    double loss = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double logit = double{logits[i]};
      const double label = double{examples_.labels[rows[i]]};
      loss += softplus(label > 0 ? -logit : logit);
      cache_.dlogits[i] = static_cast<float>((1 / (1 + std::exp(-logit)) - label) * share);
    }
    return loss;
  }

  void step_table(std::span<const std::uint32_t> rows, std::size_t field, double rate_scale) {
    models::nn::EmbeddingTable& table = model_.tables()[field];
    models::nn::SparseGradient& gradient = table_gradients_[field];
    gradient.clear();
    if (!options_.lazy) {
      for (std::uint32_t id = 0; id < table.rows(); ++id) gradient.touch(id);
    }
    model_.backward_table(examples_, rows, cache_, field, gradient);
    if (options_.embedding_l2 > 0) {
      const auto l2 = static_cast<float>(options_.embedding_l2);
      const auto touched = gradient.touched();
      for (std::uint32_t slot = 0; slot < touched.size(); ++slot) {
        const float* value = table.row(touched[slot]);
        float* d = gradient.at_slot(slot);
        for (std::size_t j = 0; j < table.dim(); ++j) d[j] += l2 * value[j];
      }
    }
    // One thread per table: its step cannot fail but by cancellation, which the next batch notices.
    static_cast<void>(table_adams_[field].step(table, gradient, models::TrainControl{}, rate_scale));
  }

  Dlrm& model_;
  const ExampleTable& examples_;
  DlrmTrainOptions options_;
  Dlrm::Cache cache_;
  models::nn::Gradients gradients_;
  models::nn::Adam adam_;
  std::vector<models::nn::SparseGradient> table_gradients_;
  std::vector<models::nn::SparseAdam> table_adams_;
};

// The weights of a model, to return to.
struct Checkpoint {
  std::vector<std::vector<float>> tables;
  std::vector<float> parameters;

  void save(const Dlrm& model) {
    tables.clear();
    for (const auto& table : model.tables()) tables.emplace_back(table.values().begin(), table.values().end());
    parameters.assign(model.parameters().values().begin(), model.parameters().values().end());
  }
  void restore(Dlrm& model) const {
    for (std::size_t f = 0; f < tables.size(); ++f)
      std::copy(tables[f].begin(), tables[f].end(), model.tables()[f].values().begin());
    std::copy(parameters.begin(), parameters.end(), model.parameters().values().begin());
  }
};

void shuffle(std::vector<std::uint32_t>& order, Random& random) {
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
}

Status check_part(const FeatureSchema& schema, const ExampleTable& part, const char* name) {
  if (Status status = check_examples(schema, part); !status.is_ok()) return std::move(status).with_context(name);
  if (part.rows == 0 || part.labels.empty())
    return Status::invalid_argument(std::string(name) + ": there are no labelled examples");
  return Status::ok();
}

std::string describe(const DlrmEpoch& epoch) {
  char detail[160];
  std::snprintf(detail, sizeof detail, "epoch %u: loss %.4f, valid auc %.5f, valid log loss %.4f, %.1f s", epoch.epoch,
                epoch.loss, epoch.valid_auc, epoch.valid_log_loss, epoch.seconds);
  return detail;
}

}  // namespace

Result<std::vector<DlrmEpoch>> train_dlrm(Dlrm& model, const ExampleTable& train, const ExampleTable& valid,
                                          const DlrmTrainOptions& options, const models::TrainControl& control) {
  TAMIS_RETURN_IF_ERROR(check_part(model.schema(), train, "train"));
  TAMIS_RETURN_IF_ERROR(check_part(model.schema(), valid, "valid"));
  std::vector<std::uint32_t> order(train.rows);
  std::iota(order.begin(), order.end(), 0U);
  Trainer trainer(model, train, options);
  Random random(options.seed);
  Checkpoint best;
  double best_auc = -1;
  double rate_scale = 1;
  std::uint32_t idle = 0;  // epochs since the best
  std::vector<DlrmEpoch> epochs;
  std::vector<float> logits(valid.rows);
  for (std::uint32_t number = 1; number <= options.epochs; ++number) {
    const auto start = std::chrono::steady_clock::now();
    DlrmEpoch epoch{.epoch = number};
    shuffle(order, random);
    for (std::size_t first = 0; first < order.size(); first += options.batch) {
      const auto rows = std::span(order).subspan(first, std::min<std::size_t>(options.batch, order.size() - first));
      const double done =
          (static_cast<double>(first) / static_cast<double>(order.size()) + number - 1) / options.epochs;
      const double rate = rate_scale * (options.linear_decay ? 1 - done : 1);
      TAMIS_ASSIGN_OR_RETURN(const double loss, trainer.step(rows, random(), rate, control));
      epoch.loss += loss;
    }
    epoch.loss /= static_cast<double>(order.size());
    TAMIS_RETURN_IF_ERROR(score_examples(model, valid, logits, control));
    epoch.valid_auc = area_under_curve(valid.labels, logits);
    std::vector<float> probabilities(logits);
    for (float& p : probabilities) p = 1 / (1 + std::exp(-p));
    epoch.valid_log_loss = log_loss(valid.labels, probabilities);
    epoch.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    epochs.push_back(epoch);
    control.progress(static_cast<double>(number) / options.epochs, describe(epoch));
    if (epoch.valid_auc > best_auc) {
      best_auc = epoch.valid_auc;
      best.save(model);
      idle = 0;
    } else {
      rate_scale *= options.plateau_decay;
      if (options.patience > 0 && ++idle >= options.patience) break;
    }
  }
  best.restore(model);
  return epochs;
}

}  // namespace tamis::ranker
