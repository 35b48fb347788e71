// The time of a request's user side: a history of 50 actions through a SASRec of 64 units and two blocks.
//
//   models_sequence_query [actions=50] [dim=64] [queries=2000]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "bench/models/number_flags.h"
#include "models/sequence/sequence_model.h"

int main(int argc, char** argv) {
  using namespace tamis::models;
  const auto read = tamis::bench::read_number_flags(argc, argv, {{"actions", 50}, {"dim", 64}, {"queries", 2000}});
  if (!read.has_value()) return 2;
  const auto& flags = *read;

  SequenceEncoderOptions options;
  options.items = 3416;
  options.dim = flags.at("dim");
  options.inner = flags.at("dim");
  const SequenceModel model("sasrec", std::make_unique<SequenceEncoder>(options), 1);
  tamis::Random random(1);
  std::vector<HistoryEvent> history(flags.at("actions"));
  std::vector<float> out(flags.at("dim"));
  std::vector<double> microseconds;
  for (std::uint32_t query = 0; query < std::max(1U, flags.at("queries")); ++query) {
    for (HistoryEvent& event : history) event.item = random.below(options.items);
    UserInput user;
    user.history = history;
    const auto start = std::chrono::steady_clock::now();
    if (!model.embed_user(user, out).is_ok()) return 1;
    microseconds.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(microseconds.begin(), microseconds.end());
  std::printf("{\"actions\": %u, \"dim\": %u, \"median_us\": %.1f, \"p99_us\": %.1f}\n", flags.at("actions"),
              flags.at("dim"), microseconds[microseconds.size() / 2], microseconds[microseconds.size() * 99 / 100]);
  return 0;
}
