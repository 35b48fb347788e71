// recommend() in process over a generated catalogue: the whole default funnel, one thread.
//
//   recommend_bench [--benchmark_filter=...]
//
// Users have 30 interactions each with items of their own cluster, popular ones more often (Zipf). Every iteration asks
// for another user. `/explain` asks why; `/filter` lets a tenth of the items through.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/random.h"
#include "engine/database.h"

namespace tamis {
namespace {

constexpr std::uint32_t kInteractionsPerUser = 30;
constexpr std::uint32_t kClusters = 40;

std::string item_name(std::uint32_t item) { return "item-" + std::to_string(item); }
std::string user_name(std::uint32_t user) { return "user-" + std::to_string(user); }

[[noreturn]] void fail(const Status& status) {
  std::fprintf(stderr, "recommend_bench: %s\n", status.to_string().c_str());
  std::exit(1);
}

// An item of `cluster`: ranks within it follow a Zipf law of exponent 1, roughly.
std::uint32_t draw_item(Random& random, std::uint32_t items, std::uint32_t cluster) {
  const std::uint32_t size = items / kClusters;
  const auto rank = static_cast<std::uint32_t>(std::pow(static_cast<double>(size), random.uniform())) - 1;
  return std::min(items - 1, cluster + kClusters * rank);
}

// A trained database with `items` items and as many users; made once per size, removed at exit.
class Catalogue {
 public:
  explicit Catalogue(std::uint32_t size) : size_(size) {
    dir_ = std::filesystem::temp_directory_path() /
           ("tamis-recommend-bench-" + std::to_string(::getpid()) + "-" + std::to_string(size));
    DatabaseOptions options;
    options.storage.durability = Durability::kNone;
    options.training.holdout = 0;  // what serves here is timed, not judged
    auto opened = Database::open(dir_, options);
    if (!opened.is_ok()) fail(opened.status());
    database_ = std::move(opened).value();
    if (Status ready = database_->wait_ready(std::chrono::seconds(30)); !ready.is_ok()) fail(ready);
    fill();
    train();
  }
  ~Catalogue() {
    database_.reset();
    std::error_code ignored;  // a leftover directory in /tmp harms nobody
    std::filesystem::remove_all(dir_, ignored);
  }
  Database& database() { return *database_; }
  std::uint32_t size() const { return size_; }

 private:
  void write(std::vector<Mutation> mutations) {
    if (auto ack = database_->write(std::move(mutations)); !ack.is_ok()) fail(ack.status());
  }

  void fill() {
    Random random(7);
    std::vector<Mutation> mutations;
    for (std::uint32_t item = 0; item < size_; ++item) {
      Entity entity;
      entity.id = item_name(item);
      entity.features = {{"tenth", item % 10 == 0}, {"price", random.uniform() * 100}};
      mutations.push_back(PutEntity{EntityKind::kItem, std::move(entity)});
      if (mutations.size() == 5'000) write(std::exchange(mutations, {}));
    }
    const TimestampMs start_ms = Clock::system().now_ms() - 86'400'000;
    for (std::uint32_t user = 0; user < size_; ++user) {
      const std::uint32_t cluster = random.below(kClusters);
      for (std::uint32_t i = 0; i < kInteractionsPerUser; ++i) {
        Interaction interaction;
        interaction.user = user_name(user);
        interaction.item = item_name(draw_item(random, size_, i % 5 == 0 ? random.below(kClusters) : cluster));
        interaction.type = "purchase";
        interaction.timestamp_ms = start_ms + random.below(86'400'000);
        mutations.push_back(PutInteraction{std::move(interaction)});
      }
      if (mutations.size() >= 5'000) write(std::exchange(mutations, {}));
    }
    write(std::move(mutations));
  }

  void train() {
    auto job = database_->train({.models = {"popular", "item_knn", "user_knn", "ials", "dlrm"}, .promote = true});
    if (!job.is_ok()) fail(job.status());
    while (job->state == JobState::kQueued || job->state == JobState::kRunning) {
      job = database_->wait_job(job->id, *job, std::chrono::seconds(10));
      if (!job.is_ok()) fail(job.status());
    }
    if (job->state != JobState::kSucceeded) fail(Status::internal("training: " + job->detail));
  }

  std::uint32_t size_;
  std::filesystem::path dir_;
  std::unique_ptr<Database> database_;
};

Catalogue& catalogue(std::uint32_t size) {
  static std::unique_ptr<Catalogue> current;
  if (current == nullptr || current->size() != size) {
    current.reset();
    current = std::make_unique<Catalogue>(size);
  }
  return *current;
}

void run(benchmark::State& state, RecommendRequest request) {
  Catalogue& data = catalogue(static_cast<std::uint32_t>(state.range(0)));
  Random random(11);
  std::vector<double> latencies_us;
  for (auto _ : state) {
    request.user = user_name(random.below(data.size()));
    const auto start = std::chrono::steady_clock::now();
    auto answer = data.database().recommend(request);
    latencies_us.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
    if (!answer.is_ok()) fail(answer.status());
    benchmark::DoNotOptimize(answer);
  }
  std::sort(latencies_us.begin(), latencies_us.end());
  state.counters["p50_us"] = latencies_us[latencies_us.size() / 2];
  state.counters["p99_us"] = latencies_us[latencies_us.size() * 99 / 100];
}

void recommend(benchmark::State& state) { run(state, {.k = 10}); }
void recommend_stranger(benchmark::State& state) {
  Catalogue& data = catalogue(static_cast<std::uint32_t>(state.range(0)));
  for (auto _ : state) {
    auto answer = data.database().recommend({.user = "nobody", .k = 10});
    if (!answer.is_ok()) fail(answer.status());
    benchmark::DoNotOptimize(answer);
  }
}
// The same, leaving no impression: what logging them costs the query is the difference.
void recommend_unlogged(benchmark::State& state) { run(state, {.k = 10, .dry_run = true}); }
void recommend_explain(benchmark::State& state) { run(state, {.k = 10, .explain = true}); }
void recommend_filter(benchmark::State& state) {
  Filter tenth;
  tenth.op = Filter::Op::kEqual;
  tenth.field = "tenth";
  tenth.values = {true};
  run(state, {.k = 10, .filter = tenth});
}

// The default retrievers' best 500, ranked.
void recommend_ranked(benchmark::State& state) {
  FunnelConfig funnel = FunnelConfig::default_funnel();
  for (RetrieverConfig& retriever : funnel.retrievers) retriever.quota = 300;
  funnel.ranker = {.kind = "dlrm", .candidates = 500, .objective = {}};
  RecommendRequest request{.k = 10};
  request.override_funnel = funnel;
  run(state, std::move(request));
}

BENCHMARK(recommend_ranked)->Arg(4'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(recommend)->Arg(4'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(recommend_unlogged)->Arg(4'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(recommend_stranger)->Arg(4'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(recommend_filter)->Arg(4'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(recommend_explain)->Arg(4'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(recommend)->Arg(40'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(recommend_filter)->Arg(40'000)->Unit(benchmark::kMicrosecond);
BENCHMARK(recommend_explain)->Arg(40'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace tamis

BENCHMARK_MAIN();
