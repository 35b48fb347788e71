// A space whose f32 rows stay on disk (keep_f32 is false), beside one that keeps them in memory: what both answer, how
// fast, and in how much memory.
//
//   rows_on_disk_bench [rows] [dim] [directory]       3000000 64 /tmp/tamis-rows
//
// Rows are clustered and drawn from a seed. The cache of rows (memory.embedding_cache) holds a tenth of the table's
// bytes. Prints for each space: seconds to write and index, bytes of the index, seconds to open again; then for
// searches that follow the popularity of items (rank r is asked about 1/r as often) and for searches by vectors that
// were never seen: recall@10 against a scan of all rows in f32, p50 and p99, the largest difference of a score from
// that of the f32 rows, and the share of rows found in the cache. The directory is kept: a second run goes on from it.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/random.h"
#include "engine/database.h"

namespace tamis {
namespace {

constexpr std::uint32_t kClusters = 1'000;
constexpr std::uint32_t kBatch = 50'000;
constexpr std::uint32_t kTruths = 200;  // queries whose true neighbours are known
constexpr std::uint32_t kQueries = 5'000;

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

[[noreturn]] void fail(const Status& status) {
  std::fprintf(stderr, "rows_on_disk_bench: %s\n", status.to_string().c_str());
  std::exit(1);
}

// Unit vectors around the centres, each from its own seed, so that no table of them is needed.
class Rows {
 public:
  Rows(std::uint32_t count, std::uint32_t dim) : count_(count), dim_(dim), centres_(std::size_t{kClusters} * dim) {
    Random random(1);
    for (float& value : centres_) value = static_cast<float>(random.normal());
  }
  std::uint32_t count() const { return count_; }
  std::uint32_t dim() const { return dim_; }
  std::vector<float> row(std::uint64_t seed) const {
    Random random(seed + 1'000);
    const float* centre = &centres_[std::size_t{random.below(kClusters)} * dim_];
    std::vector<float> made(dim_);
    double square = 0;
    for (std::uint32_t d = 0; d < dim_; ++d) {
      made[d] = centre[d] + 0.8F * static_cast<float>(random.normal());
      square += double{made[d]} * made[d];
    }
    for (float& value : made) value = static_cast<float>(value / std::sqrt(square));
    return made;
  }
  std::vector<float> unseen(std::uint64_t query) const { return row(1'000'000'000 + query); }

 private:
  std::uint32_t count_;
  std::uint32_t dim_;
  std::vector<float> centres_;
};

float dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * b[i];
  return static_cast<float>(sum);
}

// The ten nearest rows of each query, by a scan.
std::vector<std::vector<std::uint32_t>> find_truths(const Rows& rows, const std::vector<std::vector<float>>& queries) {
  using Best = std::vector<std::pair<float, std::uint32_t>>;
  const unsigned threads = std::max(1U, std::thread::hardware_concurrency());
  std::vector<std::vector<Best>> parts(threads, std::vector<Best>(queries.size()));
  std::vector<std::thread> workers;
  const auto keep_ten = [](Best* best) {
    std::sort(best->begin(), best->end(), std::greater<>());
    best->resize(std::min<std::size_t>(best->size(), 10));
  };
  for (unsigned t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      for (std::uint32_t row = t; row < rows.count(); row += threads) {
        const std::vector<float> vector = rows.row(row);
        for (std::size_t q = 0; q < queries.size(); ++q) {
          float score = 0;
          for (std::uint32_t d = 0; d < rows.dim(); ++d) score += queries[q][d] * vector[d];
          Best& best = parts[t][q];
          best.emplace_back(score, row);
          if (best.size() == 64) keep_ten(&best);
        }
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  std::vector<std::vector<std::uint32_t>> truths(queries.size());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    Best best;
    for (const auto& part : parts) best.insert(best.end(), part[q].begin(), part[q].end());
    keep_ten(&best);
    for (const auto& [score, row] : best) truths[q].push_back(row);
  }
  return truths;
}

struct Figures {
  double recall = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  double worst_difference = 0;
};

class Measured {
 public:
  Measured(const Rows& rows, const std::filesystem::path& dir, bool keep_f32)
      : rows_(rows), dir_(dir / (keep_f32 ? "whole" : "lean")), keep_f32_(keep_f32) {
    options_.storage.durability = Durability::kNone;
    options_.index.recall_interval_ms = 0;  // searches are measured here
    options_.memory.embedding_cache_bytes = std::uint64_t{rows.count()} * rows.dim() * sizeof(float) / 10;
  }
  void open() {
    const auto start = Clock::now();
    auto opened = Database::open(dir_, options_);
    if (!opened.is_ok()) fail(opened.status());
    database_ = std::move(opened).value();
    if (Status ready = database_->wait_ready(std::chrono::hours(1)); !ready.is_ok()) fail(ready);
    std::printf("%s: open after %.1f s\n", name(), seconds_since(start));
  }
  void fill() {
    Space space{.name = "s", .dim = rows_.dim(), .keep_f32 = keep_f32_};
    write({PutSpace{space}});
    std::uint32_t done = static_cast<std::uint32_t>(stats().item_vectors);  // of a run that was cut short
    const auto start = Clock::now();
    const std::uint32_t begun = done;
    while (done < rows_.count()) {
      std::vector<Mutation> mutations;
      const std::uint32_t end = std::min(rows_.count(), done + kBatch);
      for (; done < end; ++done)
        mutations.push_back(PutVector{"s", EntityKind::kItem, "i" + std::to_string(done), rows_.row(done)});
      write(std::move(mutations));
    }
    std::printf("%s: %u rows written in %.0f s\n", name(), done - begun, seconds_since(start));
    // One of rows, and what items and users grow in; where merges fail, as many as there are.
    for (int waited_s = 0; stats().segments > 3 && waited_s < 3'600; ++waited_s)
      std::this_thread::sleep_for(std::chrono::seconds(1));
    std::printf("%s: %llu segments\n", name(), static_cast<unsigned long long>(stats().segments));
    std::printf("%s: indexed after %.0f s, %llu bytes, %.0f a row\n", name(), seconds_since(start),
                static_cast<unsigned long long>(stats().index_bytes),
                static_cast<double>(stats().index_bytes) / rows_.count());
    std::fflush(stdout);
  }
  void close() { database_.reset(); }

  Figures search_vectors(const std::vector<std::vector<float>>& queries,
                         const std::vector<std::vector<std::uint32_t>>& truths) {
    Figures figures;
    std::vector<double> times;
    for (std::size_t q = 0; q < queries.size(); ++q) {
      SearchRequest request{.space = "s", .query = queries[q]};
      const ScoredAnswer answer = timed(request, &times);
      for (const ScoredEntity& entity : answer.items) {
        const auto row = static_cast<std::uint32_t>(std::stoul(entity.id.substr(1)));
        figures.worst_difference =
            std::max(figures.worst_difference, std::fabs(double{entity.score} - dot(queries[q], rows_.row(row))));
        figures.recall += std::count(truths[q].begin(), truths[q].end(), row);
      }
    }
    figures.recall /= static_cast<double>(10 * queries.size());
    return with_times(figures, std::move(times));
  }
  // Items that people ask about: their neighbours.
  Figures search_popular() {
    Figures figures;
    std::vector<double> times;
    Random random(5);
    for (std::uint32_t q = 0; q < kQueries; ++q) {
      const auto item =
          static_cast<std::uint32_t>(std::pow(double{static_cast<float>(rows_.count())}, random.uniform()));
      SearchRequest request{.space = "s", .query = "i" + std::to_string(std::min(item, rows_.count()) - 1)};
      (void)timed(request, &times);
    }
    return with_times(figures, std::move(times));
  }
  CacheFigures cache() const { return database_->stats().caches.at("embedding_cache"); }
  const char* name() const { return keep_f32_ ? "in memory" : "on disk"; }

 private:
  void write(std::vector<Mutation> mutations) {
    if (const auto ack = database_->write(std::move(mutations)); !ack.is_ok()) fail(ack.status());
  }
  SpaceStats stats() const { return database_->stats().spaces.at(0); }
  ScoredAnswer timed(const SearchRequest& request, std::vector<double>* times) {
    const auto start = Clock::now();
    auto answer = database_->search(request);
    times->push_back(seconds_since(start) * 1e3);
    if (!answer.is_ok()) fail(answer.status());
    return *std::move(answer);
  }
  static Figures with_times(Figures figures, std::vector<double> times) {
    std::sort(times.begin(), times.end());
    figures.p50_ms = times[times.size() / 2];
    figures.p99_ms = times[times.size() * 99 / 100];
    return figures;
  }

  const Rows& rows_;
  const std::filesystem::path dir_;
  const bool keep_f32_;
  DatabaseOptions options_;
  std::unique_ptr<Database> database_;
};

int run(std::uint32_t count, std::uint32_t dim, const std::filesystem::path& dir) {
  const Rows rows(count, dim);
  std::vector<std::vector<float>> queries;
  for (std::uint32_t q = 0; q < kTruths; ++q) queries.push_back(rows.unseen(q));
  const auto truths = find_truths(rows, queries);
  for (const bool keep_f32 : {false, true}) {
    Measured measured(rows, dir, keep_f32);
    measured.open();
    measured.fill();
    measured.close();
    measured.open();
    const Figures first = measured.search_vectors(queries, truths);
    std::printf("%s, by vectors, nothing in the cache: recall@10 %.4f, p50 %.3f ms, p99 %.3f ms, scores within %.1e\n",
                measured.name(), first.recall, first.p50_ms, first.p99_ms, first.worst_difference);
    (void)measured.search_popular();  // fills the cache
    const CacheFigures before = measured.cache();
    const Figures popular = measured.search_popular();
    const CacheFigures after = measured.cache();
    const double asked = static_cast<double>(after.hits + after.misses - before.hits - before.misses);
    std::printf("%s, neighbours of popular items: p50 %.3f ms, p99 %.3f ms, %.0f%% of %.0f rows in the cache\n",
                measured.name(), popular.p50_ms, popular.p99_ms,
                asked > 0 ? 100 * static_cast<double>(after.hits - before.hits) / asked : 100.0, asked);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace tamis

int main(int argc, char** argv) {
  const auto number = [&](int at, std::uint32_t otherwise) {
    return argc > at ? static_cast<std::uint32_t>(std::strtoul(argv[at], nullptr, 10)) : otherwise;
  };
  return tamis::run(number(1, 3'000'000), number(2, 64), argc > 3 ? argv[3] : "/tmp/tamis-rows");
}
