// Times the training of a two-tower model of ids: steps per second on random interactions.
//
//   models_two_tower_step [threads=2] [epochs=2] [users=8192] [items=40000] [actions=24] [dim=128] [batch=256]
//                         [uniform=1024]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "bench/models/number_flags.h"
#include "common/random.h"
#include "models/two_tower/train_two_tower.h"
#include "models/two_tower/two_tower_batches.h"

int main(int argc, char** argv) {
  using namespace tamis::models;
  const auto read = tamis::bench::read_number_flags(argc, argv,
                                                    {{"threads", 2},
                                                     {"epochs", 2},
                                                     {"users", 8192},
                                                     {"items", 40'000},
                                                     {"actions", 24},
                                                     {"dim", 128},
                                                     {"batch", 256},
                                                     {"uniform", 1024}});
  if (!read.has_value()) return 2;
  const auto& flags = *read;
  tamis::Random random(1);
  std::vector<WeightedPair> pairs;
  for (std::uint32_t user = 0; user < flags.at("users"); ++user)
    for (std::uint32_t a = 0; a < flags.at("actions"); ++a)
      pairs.push_back({.row = user, .column = random.below(flags.at("items"))});
  const InteractionMatrix matrix = make_interaction_matrix(flags.at("users"), flags.at("items"), pairs);

  TwoTowerOptions options;
  options.dim = flags.at("dim");
  options.batch = flags.at("batch");
  options.uniform_negatives = flags.at("uniform");
  options.epochs = flags.at("epochs");
  options.id_dropout = 0;
  const HoldOutRows rows(matrix, options.target_share, options.max_targets);
  const std::size_t steps = (rows.size() + options.batch - 1) / options.batch;
  TwoTowerModel model(options, matrix.rows, matrix.columns, {}, {});
  std::vector<double> seconds;
  auto last = std::chrono::steady_clock::now();
  double loss = 0;
  const auto trained =
      train_two_tower(model, matrix, {}, {.threads = flags.at("threads")}, [&](std::uint32_t, double epoch_loss) {
        const auto now = std::chrono::steady_clock::now();
        seconds.push_back(std::chrono::duration<double>(now - last).count());
        last = now;
        loss = epoch_loss;
      });
  if (!trained.is_ok()) return 1;
  const double best = *std::min_element(seconds.begin(), seconds.end());
  std::printf("{\"steps_per_s\": %.2f, \"steps\": %zu, \"threads\": %u, \"loss\": %.4f}\n",
              static_cast<double>(steps) / best, steps, flags.at("threads"), loss);
  return 0;
}
