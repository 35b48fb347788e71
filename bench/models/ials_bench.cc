// Times iALS on a file of interactions (`user item item ...`): sweeps by solver, or fold-in of one user at a time.
//
//   models_ials sweeps FILE [dim=64] [sweeps=3] [threads=2] [solver=dual|cg|cholesky|block] [block=64]
//   models_ials fold_in FILE [dim=64] [actions=50] [queries=2000] [threads=2]
// The first trains and prints the seconds per sweep (median and best) and the loss; the second trains two sweeps and
// prints microseconds per fold-in, on one thread.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/models/number_flags.h"
#include "common/clock.h"
#include "common/random.h"
#include "models/evaluate/protocol_lightgcn.h"
#include "models/ials/ials.h"

namespace {

using namespace tamis::models;
using Clock = std::chrono::steady_clock;

int usage(const char* program) {
  std::fprintf(stderr, "usage: %s sweeps|fold_in FILE [key=value]...\n", program);
  return 2;
}

int sweeps(const InteractionMatrix& train, const IalsOptions& options, std::uint32_t threads) {
  std::vector<double> seconds;
  Clock::time_point last = Clock::now();
  const TrainControl control{.threads = threads, .report = [&](double, std::string_view) {
                               seconds.push_back(tamis::seconds_since(last));
                               last = Clock::now();
                             }};
  const auto model = train_ials(train, options, control);
  if (!model.is_ok()) {
    std::fprintf(stderr, "%s\n", model.status().to_string().c_str());
    return 1;
  }
  std::sort(seconds.begin(), seconds.end());
  std::printf("{\"dim\": %u, \"median_s\": %.4f, \"best_s\": %.4f, \"loss\": %.1f}\n", options.dim,
              seconds[seconds.size() / 2], seconds.front(), ials_loss(train, *model));
  return 0;
}

int fold_in(const InteractionMatrix& train, IalsOptions options, std::uint32_t threads, std::uint32_t actions,
            std::uint32_t queries) {
  options.iterations = 2;
  const auto model = train_ials(train, options, {.threads = threads});
  if (!model.is_ok()) return 1;
  const IalsFoldIn solver(model->item_factors, model->options);
  tamis::Random random(1);
  std::vector<double> micros;
  std::vector<float> out(options.dim);
  const std::vector<float> weights(actions, 1.0F);
  for (std::uint32_t query = 0; query < queries; ++query) {
    std::vector<std::uint32_t> items;
    while (items.size() < actions) {
      const std::uint32_t item = random.below(train.columns);
      if (std::find(items.begin(), items.end(), item) == items.end()) items.push_back(item);
    }
    const auto start = Clock::now();
    solver.solve(items, weights, out);
    micros.push_back(1e6 * tamis::seconds_since(start));
  }
  std::sort(micros.begin(), micros.end());
  std::printf("{\"dim\": %u, \"actions\": %u, \"median_us\": %.1f, \"p99_us\": %.1f}\n", options.dim, actions,
              micros[micros.size() / 2], micros[micros.size() * 99 / 100]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return usage(argv[0]);
  tamis::bench::NumberFlags numbers = {{"dim", 64},   {"sweeps", 3},   {"threads", 2},
                                       {"block", 64}, {"actions", 50}, {"queries", 2000}};
  std::string solver = "dual";
  for (int i = 3; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with("solver=")) {
      solver = argument.substr(argument.find('=') + 1);
    } else if (!tamis::bench::set_number_flag(argument, numbers)) {
      return usage(argv[0]);
    }
  }
  const auto data = read_lightgcn(argv[2], argv[2]);
  if (!data.is_ok()) {
    std::fprintf(stderr, "%s\n", data.status().to_string().c_str());
    return 1;
  }
  IalsOptions options{.dim = numbers.at("dim"),
                      .iterations = numbers.at("sweeps"),
                      .unobserved_weight = 0.02,
                      .regularization = 0.0015,
                      .block = numbers.at("block")};
  if (solver == "cg") options.solver = IalsSolver::kConjugateGradient;
  if (solver == "cholesky") options.solver = IalsSolver::kCholesky;
  if (solver == "block") options.solver = IalsSolver::kBlock;
  const std::string mode = argv[1];
  if (mode == "sweeps") return sweeps(data->train, options, numbers.at("threads"));
  if (mode == "fold_in")
    return fold_in(data->train, options, numbers.at("threads"), numbers.at("actions"), numbers.at("queries"));
  return usage(argv[0]);
}
