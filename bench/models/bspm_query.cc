// Times one request of the blurring-sharpening process on a file of interactions (`user item item ...`).
//
//   models_bspm_query FILE [rank=448] [queries=300] [threads=2]
// Builds the filter, then scores the histories of users spread over the file one at a time, on one thread; prints
// milliseconds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "models/graph_filter/blurring_sharpening.h"
#include "models/protocol_lightgcn.h"

int main(int argc, char** argv) {
  using namespace tamis::models;
  using Clock = std::chrono::steady_clock;
  std::map<std::string, std::uint32_t> flags = {{"rank", 448}, {"queries", 300}, {"threads", 2}};
  for (int i = 2; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || !flags.contains(argument.substr(0, equals))) argc = 0;
    if (argc == 0) break;
    flags[argument.substr(0, equals)] =
        static_cast<std::uint32_t>(std::strtoul(argument.c_str() + equals + 1, nullptr, 10));
  }
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s FILE [rank=N] [queries=N] [threads=N]\n", argv[0]);
    return 2;
  }
  const auto data = read_lightgcn(argv[1], argv[1]);
  if (!data.is_ok()) {
    std::fprintf(stderr, "%s\n", data.status().to_string().c_str());
    return 1;
  }
  const auto build_start = Clock::now();
  const auto filter = BlurringSharpening::build(data->train, {.rank = flags["rank"]}, {.threads = flags["threads"]});
  if (!filter.is_ok()) return 1;
  const double build_s = std::chrono::duration<double>(Clock::now() - build_start).count();
  std::vector<float> scores(filter->items());
  std::vector<double> millis;
  const std::uint32_t step = std::max(1U, data->train.rows / std::max(1U, flags["queries"]));
  for (std::uint32_t user = 0; user < data->train.rows; user += step) {
    const auto start = Clock::now();
    filter->score_one(data->train.row_columns(user), scores);
    millis.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  std::sort(millis.begin(), millis.end());
  std::printf("{\"build_s\": %.1f, \"median_ms\": %.2f, \"p99_ms\": %.2f}\n", build_s, millis[millis.size() / 2],
              millis[millis.size() * 99 / 100]);
  return 0;
}
