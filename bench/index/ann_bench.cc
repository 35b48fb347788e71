// Our search against stock hnswlib's on one and the same graph, in one run, on one thread; then filtered search.
//
//   ann_bench --base glove.npy --metric cosine --holdout 10000 [--queries-used 5000] [--cache DIR]
//   ann_bench --base item_factors.npy --queries user_factors.npy --metric dot
//
// Each ef is measured for both sides in turn, so that a noisy machine disturbs both alike; times are of the thread's
// CPU clock, best of --repeats.
#include <time.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <numeric>
#include <string>

#include "bench/index/matrix_file.h"
#include "bench/index/stock_hnsw.h"
#include "common/random.h"
#include "index/graph_builder.h"
#include "index/section_file.h"
#include "index/segmented_index.h"

namespace tamis::bench {
namespace {

using index::Neighbor;

double cpu_seconds() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Arguments {
  std::string base, queries, metric = "cosine", quantization = "int8", cache;
  std::size_t holdout = 10'000, queries_used = 2'000, repeats = 3;
  std::uint32_t m = 16, ef_construction = 200, threads = 1;
  bool skip_stock = false, skip_filters = false;
};

struct Point {
  std::size_t ef;
  double recall;
  double qps;
};

// The best QPS with at least `recall`: where the curve crosses it, between its neighbours by the logarithm of the miss
// rate, or at a point beyond (a search that ends by itself costs the same at each ef); 0 where none has it.
double qps_at(const std::vector<Point>& curve, double recall) {
  double best = 0;
  for (std::size_t i = 0; i < curve.size(); ++i) {
    if (curve[i].recall < recall) continue;
    best = std::max(best, curve[i].qps);
    if (i == 0 || curve[i - 1].recall >= recall) continue;
    const auto miss = [](double r) { return std::log(std::max(1.0 - r, 1e-6)); };
    const double t = (miss(recall) - miss(curve[i - 1].recall)) / (miss(curve[i].recall) - miss(curve[i - 1].recall));
    best = std::max(best,
                    std::exp(std::log(curve[i - 1].qps) + t * (std::log(curve[i].qps) - std::log(curve[i - 1].qps))));
  }
  return best;
}

using Answers = std::vector<std::vector<DenseId>>;

double recall(const Answers& truth, const Answers& found) {
  double sum = 0;
  for (std::size_t q = 0; q < truth.size(); ++q) {
    std::size_t hits = 0;
    for (const DenseId id : truth[q]) hits += std::count(found[q].begin(), found[q].end(), id) > 0 ? 1 : 0;
    sum += truth[q].empty() ? 1.0 : static_cast<double>(hits) / static_cast<double>(truth[q].size());
  }
  return sum / static_cast<double>(truth.size());
}

class Bench {
 public:
  explicit Bench(Arguments arguments) : arguments_(std::move(arguments)) {}

  Status run() {
    TAMIS_RETURN_IF_ERROR(load());
    TAMIS_RETURN_IF_ERROR(build());
    TAMIS_RETURN_IF_ERROR(compute_truth());
    compare();
    if (!arguments_.skip_filters) filtered();
    return Status::ok();
  }

 private:
  Status load() {
    TAMIS_ASSIGN_OR_RETURN(base_, read_matrix(arguments_.base));
    TAMIS_ASSIGN_OR_RETURN(options_.metric, parse_metric(arguments_.metric));
    TAMIS_ASSIGN_OR_RETURN(options_.quantization, parse_quantization(arguments_.quantization));
    Random random(1);
    if (!arguments_.queries.empty()) {
      TAMIS_ASSIGN_OR_RETURN(queries_, read_matrix(arguments_.queries));
      if (queries_.dim != base_.dim) return Status::invalid_argument("queries have another dimension");
      shuffle(&queries_, &random);
    } else {
      if (arguments_.holdout >= base_.rows) return Status::invalid_argument("nothing is left of the base");
      shuffle(&base_, &random);
      queries_.dim = base_.dim;
      queries_.rows = arguments_.holdout;
      base_.rows -= arguments_.holdout;
      queries_.values.assign(base_.values.begin() + static_cast<std::ptrdiff_t>(base_.rows * base_.dim),
                             base_.values.end());
      base_.values.resize(base_.rows * base_.dim);
    }
    queries_.rows = std::min(queries_.rows, arguments_.queries_used);
    options_.dim = static_cast<std::uint32_t>(base_.dim);
    options_.m = arguments_.m;
    options_.ef_construction = arguments_.ef_construction;
    std::printf("base %zu x %zu, %zu queries, %s, rows %s, kernels %s\n", base_.rows, base_.dim, queries_.rows,
                arguments_.metric.c_str(), arguments_.quantization.c_str(), std::string(index::kernels().name).c_str());
    return Status::ok();
  }

  static void shuffle(Matrix* matrix, Random* random) {
    for (std::size_t i = matrix->rows; i > 1; --i) {
      const std::size_t j = random->below(static_cast<std::uint32_t>(i));
      std::swap_ranges(matrix->values.begin() + static_cast<std::ptrdiff_t>((i - 1) * matrix->dim),
                       matrix->values.begin() + static_cast<std::ptrdiff_t>(i * matrix->dim),
                       matrix->values.begin() + static_cast<std::ptrdiff_t>(j * matrix->dim));
    }
  }

  Status build() {
    const index::RowFormat format(options_.dim, options_.metric, options_.quantization);
    rows_ = std::make_shared<index::RowBlock>(format, static_cast<std::uint32_t>(base_.rows), true);
    std::vector<float> normalized(base_.dim);
    for (std::size_t i = 0; i < base_.rows; ++i) {
      format.normalize(base_.row(i), normalized.data());
      rows_->append(static_cast<DenseId>(i), normalized.data());
    }
    TAMIS_ASSIGN_OR_RETURN(index::Graph graph, cached_graph());
    if (!arguments_.skip_stock) stock_ = std::make_unique<StockHnsw>(*rows_, graph);
    segment_ = std::make_shared<index::Segment>(rows_, std::move(graph));
    index_ = std::make_unique<index::SegmentedIndex>(options_, std::vector{segment_},
                                                     std::vector<std::shared_ptr<index::RowBlock>>{});
    std::printf("index %.0f MB\n", static_cast<double>(index_->stats().memory_bytes) / 1e6);
    return Status::ok();
  }

  // Building takes minutes; the links are kept beside the data where --cache names a directory.
  Result<index::Graph> cached_graph() {
    const std::filesystem::path path =
        std::filesystem::path(arguments_.cache) /
        (std::filesystem::path(arguments_.base).stem().string() + "_" + arguments_.metric + "_" +
         std::to_string(base_.rows) + "_" + std::to_string(options_.m) + "_" +
         std::to_string(options_.ef_construction) + ".graph");
    const auto bytes = [](auto values) {
      return std::span<std::uint8_t>(
          reinterpret_cast<std::uint8_t*>(const_cast<void*>(static_cast<const void*>(values.data()))),
          values.size_bytes());
    };
    if (!arguments_.cache.empty()) {
      if (auto file = index::SectionFile::open(path, {}); file.is_ok()) {
        std::vector<std::uint8_t> levels(base_.rows);
        TAMIS_RETURN_IF_ERROR(file->read(file->sections()[0], levels));
        index::Graph graph(options_.m, std::move(levels));
        TAMIS_RETURN_IF_ERROR(file->read(file->sections()[1], bytes(graph.base_links())));
        TAMIS_RETURN_IF_ERROR(file->read(file->sections()[2], bytes(graph.upper_links())));
        graph.set_entry(static_cast<std::uint32_t>(file->sequence()));
        TAMIS_RETURN_IF_ERROR(graph.validate());
        return graph;
      }
    }
    const index::GraphOptions options{options_.m, options_.ef_construction, arguments_.threads, options_.seed};
    timespec begin = {};
    timespec end = {};
    clock_gettime(CLOCK_MONOTONIC, &begin);
    TAMIS_ASSIGN_OR_RETURN(index::Graph graph, index::build_graph(*rows_, nullptr, options));
    clock_gettime(CLOCK_MONOTONIC, &end);
    std::printf("graph built in %.0f s by %u threads\n", static_cast<double>(end.tv_sec - begin.tv_sec),
                arguments_.threads);
    if (!arguments_.cache.empty()) {
      const std::vector<index::SectionToWrite> sections = {
          {1, 0, graph.levels()}, {2, 0, bytes(graph.base_links())}, {3, 0, bytes(graph.upper_links())}};
      TAMIS_RETURN_IF_ERROR(index::write_section_file(path, {}, graph.entry(), sections));
    }
    return graph;
  }

  static std::vector<DenseId> ids_of(const std::vector<Neighbor>& neighbors) {
    std::vector<DenseId> ids;
    for (const Neighbor& neighbor : neighbors) ids.push_back(neighbor.id);
    return ids;
  }

  Status compute_truth() {
    truth_.resize(queries_.rows);
    for (std::size_t q = 0; q < queries_.rows; ++q) {
      TAMIS_ASSIGN_OR_RETURN(const auto exact, index_->search(queries_.row(q), kK, {.exact = true}));
      truth_[q] = ids_of(exact);
    }
    return Status::ok();
  }

  template <typename Search>
  Point measure(std::size_t ef, const Answers& truth, Search search) {
    Answers found(truth.size());
    double best_s = 1e30;
    for (std::size_t repeat = 0; repeat < arguments_.repeats; ++repeat) {
      const double begin = cpu_seconds();
      for (std::size_t q = 0; q < truth.size(); ++q) search(q, &found[q]);
      best_s = std::min(best_s, cpu_seconds() - begin);
    }
    return {ef, recall(truth, found), static_cast<double>(truth.size()) / best_s};
  }

  void compare() {
    std::vector<Point> ours;
    std::vector<Point> stock;
    std::vector<float> normalized(base_.dim);
    std::printf("%6s %12s %12s %12s %12s %7s\n", "ef", "our recall", "our QPS", "stock recall", "stock QPS", "ratio");
    for (const std::size_t ef : {10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448, 640, 896, 1280, 1792, 2560}) {
      ours.push_back(measure(ef, truth_, [&](std::size_t q, std::vector<DenseId>* found) {
        const auto result = index_->search(queries_.row(q), kK, {.ef = static_cast<std::uint32_t>(ef)});
        *found = ids_of(*result);
      }));
      if (stock_ != nullptr) {
        stock.push_back(measure(ef, truth_, [&](std::size_t q, std::vector<DenseId>* found) {
          rows_->format().normalize(queries_.row(q), normalized.data());
          stock_->search(normalized.data(), kK, ef, found);
        }));
      } else {
        stock.push_back({ef, 0, 1});
      }
      std::printf("%6zu %12.4f %12.0f %12.4f %12.0f %7.2f\n", ef, ours.back().recall, ours.back().qps,
                  stock.back().recall, stock.back().qps, ours.back().qps / stock.back().qps);
      std::fflush(stdout);
      if (ours.back().recall >= 0.99 && (stock_ == nullptr || stock.back().recall >= 0.99)) break;
    }
    for (const double level : {0.95, 0.99}) {
      const double a = qps_at(ours, level);
      const double b = qps_at(stock, level);
      std::printf("recall@10 %.2f: ours %.0f QPS, stock hnswlib %.0f QPS, ratio %.2f\n", level, a, b,
                  b > 0 ? a / b : 0);
    }
  }

  void filtered() {
    std::printf("filtered, random sets: %11s %6s %10s %10s\n", "selectivity", "ef", "recall@10", "QPS");
    for (const double selectivity : {0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.001}) {
      Random random(99);
      index::Bitmap filter;
      for (std::uint32_t id = 0; id < base_.rows; ++id) {
        if (random.uniform() < selectivity) filter.add(id);
      }
      filter.runOptimize();
      const std::size_t queries = std::min<std::size_t>(queries_.rows, 500);
      Answers truth(queries);
      for (std::size_t q = 0; q < queries; ++q) {
        truth[q] = ids_of(*index_->search(queries_.row(q), kK, {.filter = &filter, .exact = true}));
      }
      const Point scan = measure(0, truth, [&](std::size_t q, std::vector<DenseId>* found) {
        *found = ids_of(*index_->search(queries_.row(q), kK, {.filter = &filter, .exact = true}));
      });
      std::printf("%34g %6s %10.4f %10.0f\n", selectivity, "scan", scan.recall, scan.qps);
      for (const std::uint32_t ef : {64U, 128U, 256U, 512U}) {
        const Point point = measure(ef, truth, [&](std::size_t q, std::vector<DenseId>* found) {
          *found = ids_of(*index_->search(queries_.row(q), kK, {.ef = ef, .filter = &filter}));
        });
        std::printf("%34g %6u %10.4f %10.0f\n", selectivity, ef, point.recall, point.qps);
        std::fflush(stdout);
        if (point.recall >= 0.99) break;
      }
    }
  }

  static constexpr std::size_t kK = 10;
  const Arguments arguments_;
  index::IndexOptions options_;
  Matrix base_;
  Matrix queries_;
  std::shared_ptr<index::RowBlock> rows_;
  std::shared_ptr<index::Segment> segment_;
  std::unique_ptr<index::SegmentedIndex> index_;
  std::unique_ptr<StockHnsw> stock_;
  Answers truth_;
};

}  // namespace
}  // namespace tamis::bench

int main(int argc, char** argv) {
  tamis::bench::Arguments arguments;
  CLI::App app("Our graph search against hnswlib's on one graph");
  app.add_option("--base", arguments.base, ".npy of f32 vectors")->required();
  app.add_option("--queries", arguments.queries, ".npy of queries; default: held out of the base");
  app.add_option("--metric", arguments.metric, "dot, cosine or l2");
  app.add_option("--quantization", arguments.quantization, "int8, f16 or f32");
  app.add_option("--holdout", arguments.holdout, "rows of the base that become queries");
  app.add_option("--queries-used", arguments.queries_used, "at most so many queries");
  app.add_option("--repeats", arguments.repeats, "runs of which the best counts");
  app.add_option("--m", arguments.m, "graph degree");
  app.add_option("--ef-construction", arguments.ef_construction, "breadth while building");
  app.add_option("--threads", arguments.threads, "threads to build with");
  app.add_option("--cache", arguments.cache, "directory for the graph");
  app.add_flag("--skip-stock", arguments.skip_stock, "ours alone");
  app.add_flag("--skip-filters", arguments.skip_filters, "no filtered part");
  CLI11_PARSE(app, argc, argv);
  const tamis::Status status = tamis::bench::Bench(arguments).run();
  if (!status.is_ok()) std::fprintf(stderr, "%s\n", status.to_string().c_str());
  return status.is_ok() ? 0 : 1;
}
