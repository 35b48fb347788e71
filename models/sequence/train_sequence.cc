#include "models/sequence/train_sequence.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "common/clock.h"
#include "models/epochs.h"
#include "models/sequence/sequence_trainer.h"
#include "models/sequence/training_windows.h"

namespace tamis::models {
namespace {

using Clock = std::chrono::steady_clock;

// What the learning rate is multiplied by; `done` (0..1) is the share of the training that is over.
double rate_scale(const SequenceTrainOptions& options, std::uint64_t step, double done) {
  const double warmup = options.warmup_steps == 0
                            ? 1
                            : std::min(1.0, static_cast<double>(step + 1) / static_cast<double>(options.warmup_steps));
  const double cosine = (1 + std::cos(std::numbers::pi * done)) / 2;
  return warmup * (options.final_rate + (1 - options.final_rate) * cosine);
}

// A running mean of the weights over steps (Polyak & Juditsky 1992; exponential, as in most later use). While active,
// the mean stands in the encoder and the weights under training wait here. Externally synchronised.
class AveragedWeights {
 public:
  AveragedWeights(nn::Parameters& parameters, double decay) : parameters_(parameters), decay_(decay) {
    if (decay_ > 0) mean_.assign(parameters.values().begin(), parameters.values().end());
  }
  void add_step() {
    if (decay_ <= 0) return;
    ++steps_;
    // Early on, the mean forgets faster: the start is no part of it.
    const double decay = std::min(decay_, static_cast<double>(1 + steps_) / static_cast<double>(10 + steps_));
    const auto keep = static_cast<float>(decay);
    const std::span<const float> values = parameters_.values();
    for (std::size_t i = 0; i < mean_.size(); ++i) mean_[i] = keep * mean_[i] + (1 - keep) * values[i];
  }
  // Puts the mean in the place of the weights, and back.
  void exchange() {
    if (decay_ > 0) std::swap_ranges(mean_.begin(), mean_.end(), parameters_.values().begin());
  }

 private:
  nn::Parameters& parameters_;
  double decay_;
  std::uint64_t steps_ = 0;
  std::vector<float> mean_;
};

// The weights of the best validation so far.
struct Best {
  std::vector<float> weights;
  double score = 0;
  std::uint32_t since = 0;  // validations without a better one

  void offer(double offered, const nn::Parameters& parameters) {
    if (!weights.empty() && offered <= score) {
      ++since;
      return;
    }
    score = offered;
    since = 0;
    weights.assign(parameters.values().begin(), parameters.values().end());
  }
};

void report_epoch(const EpochReport& report, std::uint32_t epochs, const TrainControl& control) {
  char detail[128];
  std::snprintf(detail, sizeof detail, "epoch %u: loss %.4f, score %.4f, %.1f s", report.epoch, report.loss,
                report.score, report.seconds);
  control.progress(static_cast<double>(report.epoch) / epochs, detail);
}

void shuffle(std::vector<std::uint32_t>& order, Random& random) {
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
  }
}

}  // namespace

Result<std::vector<EpochReport>> train_sequence(SequenceEncoder& encoder, const Sequences& whole_sequences,
                                                const SequenceTrainOptions& options,
                                                const std::function<double()>& validate, const TrainControl& control) {
  const Sequences windows =
      options.older_windows ? with_older_windows(whole_sequences, encoder.options().max_length) : Sequences();
  const Sequences& sequences = options.older_windows ? windows : whole_sequences;
  std::vector<std::uint32_t> order;
  for (std::uint32_t s = 0; s < sequences.size(); ++s) {
    if (sequences[s].size() >= 2) order.push_back(s);
  }
  if (order.empty()) return Status::invalid_argument("there is no sequence of two or more actions to learn from");

  SequenceTrainer trainer(encoder, sequences, options);
  AveragedWeights average(encoder.parameters(), options.average);
  Random random(options.seed);
  Best best;
  std::vector<EpochReport> reports;
  const std::uint64_t steps = (order.size() + options.batch - 1) / options.batch * options.epochs;
  std::uint64_t step = 0;
  const TimeLimit limit(options.max_train_s);
  const auto share_done = [&] {
    return limit.share_done(static_cast<double>(step) / static_cast<double>(std::max<std::uint64_t>(steps, 1)));
  };
  for (std::uint32_t epoch = 1; epoch <= options.epochs; ++epoch) {
    const auto epoch_start = Clock::now();
    shuffle(order, random);
    double loss = 0;
    std::uint64_t targets = 0;
    for (std::size_t first = 0; first < order.size(); first += options.batch, ++step) {
      TAMIS_RETURN_IF_ERROR(control.check());
      const auto batch = std::span(order).subspan(first, std::min<std::size_t>(options.batch, order.size() - first));
      TAMIS_ASSIGN_OR_RETURN(const auto done,
                             trainer.step(batch, random(), rate_scale(options, step, share_done()), control));
      average.add_step();
      loss += done.loss;
      targets += done.targets;
      if (limit.is_over()) break;
    }
    EpochReport report{.epoch = epoch, .loss = loss / static_cast<double>(targets)};
    report.score = reports.empty() ? 0 : reports.back().score;
    report.seconds = seconds_since(epoch_start);
    const bool last = epoch == options.epochs || limit.is_over();
    if (validate && (last || epoch % options.validate_every == 0)) {
      average.exchange();
      report.score = validate();
      best.offer(report.score, encoder.parameters());
      average.exchange();
    }
    reports.push_back(report);
    report_epoch(report, options.epochs, control);
    if (last || (options.patience > 0 && best.since >= options.patience)) break;
  }
  if (!best.weights.empty()) {
    std::copy(best.weights.begin(), best.weights.end(), encoder.parameters().values().begin());
  } else {
    average.exchange();
  }
  return reports;
}

}  // namespace tamis::models
