// The time of a request's user side: a history of 50 actions through a SASRec of 64 units and two blocks.
//
//   models_sequence_query [actions=50] [dim=64] [queries=2000]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "models/sequence/sequence_model.h"

int main(int argc, char** argv) {
  using namespace tamis::models;
  std::map<std::string, std::uint32_t> flags = {{"actions", 50}, {"dim", 64}, {"queries", 2000}};
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || !flags.contains(argument.substr(0, equals))) {
      std::fprintf(stderr, "usage: %s [actions=N] [dim=N] [queries=N]\n", argv[0]);
      return 2;
    }
    flags[argument.substr(0, equals)] =
        static_cast<std::uint32_t>(std::strtoul(argument.c_str() + equals + 1, nullptr, 10));
  }

  SequenceEncoderOptions options;
  options.items = 3416;
  options.dim = flags["dim"];
  options.inner = flags["dim"];
  const SequenceModel model("sasrec", std::make_unique<SequenceEncoder>(options), 1);
  tamis::Random random(1);
  std::vector<HistoryEvent> history(flags["actions"]);
  std::vector<float> out(flags["dim"]);
  std::vector<double> microseconds;
  for (std::uint32_t query = 0; query < std::max(1U, flags["queries"]); ++query) {
    for (HistoryEvent& event : history) event.item = random.below(options.items);
    UserInput user;
    user.history = history;
    const auto start = std::chrono::steady_clock::now();
    if (!model.embed_user(user, out).is_ok()) return 1;
    microseconds.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(microseconds.begin(), microseconds.end());
  std::printf("{\"actions\": %u, \"dim\": %u, \"median_us\": %.1f, \"p99_us\": %.1f}\n", flags["actions"], flags["dim"],
              microseconds[microseconds.size() / 2], microseconds[microseconds.size() * 99 / 100]);
  return 0;
}
