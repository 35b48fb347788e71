// Times one request of the blurring-sharpening process on a file of interactions (`user item item ...`).
//
//   models_bspm_query FILE [rank=448] [queries=300] [threads=2]
// Builds the filter, then scores the histories of users spread over the file one at a time, on one thread; prints
// milliseconds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "bench/models/number_flags.h"
#include "models/evaluate/protocol_lightgcn.h"
#include "models/graph_filter/blurring_sharpening.h"

int main(int argc, char** argv) {
  using namespace tamis::models;
  using Clock = std::chrono::steady_clock;
  const auto read =
      tamis::bench::read_number_flags(argc, argv, {{"rank", 448}, {"queries", 300}, {"threads", 2}}, 2, " FILE");
  if (!read.has_value()) return 2;
  const auto& flags = *read;
  const auto data = read_lightgcn(argv[1], argv[1]);
  if (!data.is_ok()) {
    std::fprintf(stderr, "%s\n", data.status().to_string().c_str());
    return 1;
  }
  const auto build_start = Clock::now();
  const auto filter =
      BlurringSharpening::build(data->train, {.rank = flags.at("rank")}, {.threads = flags.at("threads")});
  if (!filter.is_ok()) return 1;
  const double build_s = std::chrono::duration<double>(Clock::now() - build_start).count();
  std::vector<float> scores(filter->items());
  std::vector<double> millis;
  const std::uint32_t step = std::max(1U, data->train.rows / std::max(1U, flags.at("queries")));
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
