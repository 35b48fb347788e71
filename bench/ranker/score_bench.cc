// One request's candidates scored by FactorizedScorer and by the plain forward pass over OpenBLAS, one thread, in
// turns: 26 categorical fields of 16 dimensions, 13 numbers, top MLP 367-256-128-1. Prints p50 and p99 in microseconds
// of CPU.
//
//   score_bench [rounds]      bench/ranker/score.py adds ONNX Runtime to the same run
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "common/random.h"
#include "ranker/factorized_scorer.h"

namespace tamis::ranker {
namespace {

constexpr std::uint32_t kRows = 10'000;  // of each table
constexpr std::uint32_t kItems = 20'000;

// 13 vectors of the request (one from its numbers), 12 of the item, 2 crossed.
FeatureSchema make_schema() {
  std::vector<Field> fields;
  const auto add = [&](FieldSide side, int count) {
    for (int i = 0; i < count; ++i) {
      Field field;
      field.name = std::string(field_side_name(side)) + std::to_string(i);
      field.side = side;
      field.rows = kRows;
      fields.push_back(field);
    }
  };
  add(FieldSide::kUser, 8);
  add(FieldSide::kContext, 4);
  add(FieldSide::kItem, 12);
  add(FieldSide::kCrossed, 2);
  for (int i = 0; i < 13; ++i) {
    Field field;
    field.name = "number" + std::to_string(i);
    field.kind = FieldKind::kNumeric;
    field.side = FieldSide::kContext;
    fields.push_back(field);
  }
  return *FeatureSchema::create(std::move(fields));
}

ExampleTable random_table(const FeatureSchema& schema, std::size_t rows, Random& random) {
  ExampleTable table;
  table.rows = rows;
  for (std::size_t f = 0; f < schema.id_fields().size(); ++f) {
    IdColumn column;
    for (std::size_t row = 0; row < rows; ++row) column.ids.push_back(random.below(kRows));
    table.ids.push_back(std::move(column));
  }
  for (std::size_t i = 0; i < rows * schema.numeric_fields().size(); ++i)
    table.numeric.push_back(static_cast<float>(random.normal()));
  return table;
}

// CPU time of this thread: what a busy machine takes away does not count.
double thread_cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e6 * static_cast<double>(now.tv_sec) + 1e-3 * static_cast<double>(now.tv_nsec);
}

template <typename Body>
double microseconds(const Body& body) {
  const double start = thread_cpu_us();
  body();
  return thread_cpu_us() - start;
}

void report(const char* name, std::size_t candidates, std::vector<double>& times) {
  std::sort(times.begin(), times.end());
  std::printf("%-12s %4zu candidates  p50 %8.1f us  p99 %8.1f us\n", name, candidates, times[times.size() / 2],
              times[times.size() * 99 / 100]);
}

int run(int rounds) {
  const FeatureSchema schema = make_schema();
  auto created = Dlrm::create(schema, {.embedding_stddev = 0.3F}, 1);
  if (!created.is_ok()) return 1;
  const auto model = std::make_shared<const Dlrm>(std::move(*created));
  const FrozenNetwork network = model->freeze();
  const FactorizedScorer scorer(model);
  Random random(2);
  const ExampleTable item_rows = random_table(schema, kItems, random);
  auto items = scorer.precompute(item_rows, {});
  if (!items.is_ok()) return 1;
  double difference = 0;
  for (const std::size_t candidates : {200U, 500U}) {
    std::vector<double> factorized, plain;
    FactorizedScorer::Scratch scratch;
    ScoreScratch plain_scratch;
    for (int round = 0; round < rounds; ++round) {
      const ExampleTable user = random_table(schema, 1, random);
      ExampleTable crossed = random_table(schema, candidates, random);
      std::vector<std::uint32_t> chosen(candidates);
      for (std::uint32_t& item : chosen) item = random.below(kItems);
      ExampleTable joined = crossed;  // what a plain ranker is handed: every column of every candidate
      for (std::size_t f = 0; f < joined.ids.size(); ++f) {
        const FieldSide side = schema.fields()[schema.id_fields()[f]].side;
        for (std::size_t i = 0; i < candidates; ++i) {
          if (side == FieldSide::kItem) joined.ids[f].ids[i] = item_rows.ids[f].ids[chosen[i]];
          if (is_column_of(Columns::kUserAndContext, side)) joined.ids[f].ids[i] = user.ids[f].ids[0];
        }
      }
      for (std::size_t i = 0; i < candidates; ++i)
        std::copy(user.numeric.begin(), user.numeric.end(), joined.numeric.begin() + static_cast<long>(13 * i));
      std::vector<float> ours(candidates);
      std::vector<float> theirs(candidates);
      factorized.push_back(microseconds([&] {
        const auto request = scorer.prepare(user);
        if (request.is_ok()) static_cast<void>(scorer.score(*request, *items, chosen, crossed, ours, scratch).is_ok());
      }));
      plain.push_back(microseconds([&] {
        static_cast<void>(score_rows(*model, network, joined, 0, candidates, theirs.data(), plain_scratch));
      }));
      for (std::size_t i = 0; i < candidates; ++i)
        difference = std::max(difference, std::abs(double{ours[i]} - double{theirs[i]}));
    }
    report("factorized", candidates, factorized);
    report("plain", candidates, plain);
  }
  std::printf("largest difference of logits %.1e\n", difference);
  return difference < 1e-5 ? 0 : 1;
}

}  // namespace
}  // namespace tamis::ranker

int main(int argc, char** argv) { return tamis::ranker::run(argc > 1 ? std::max(1, std::atoi(argv[1])) : 1000); }
