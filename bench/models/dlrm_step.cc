// Times the training of a DLRM: steps per second on random examples.
//
//   models_dlrm_step [threads=2] [steps=16] [batch=2048] [fields=26] [rows=10000] [dim=16]
// 13 numbers through a bottom MLP of 64, pairwise products, top MLP 256-128-1, Adam on the touched rows.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "bench/models/number_flags.h"
#include "common/random.h"
#include "ranker/train_dlrm.h"

namespace {

using namespace tamis::ranker;

tamis::Result<FeatureSchema> make_schema(std::uint32_t ids, std::uint32_t rows) {
  std::vector<Field> fields;
  for (std::uint32_t i = 0; i < ids; ++i) {
    Field field;
    field.name = "id" + std::to_string(i);
    field.rows = rows;
    fields.push_back(field);
  }
  for (int i = 0; i < 13; ++i) {
    Field field;
    field.name = "number" + std::to_string(i);
    field.kind = FieldKind::kNumeric;
    fields.push_back(field);
  }
  return FeatureSchema::create(std::move(fields));
}

ExampleTable random_examples(const FeatureSchema& schema, std::size_t rows, std::uint32_t table_rows,
                             tamis::Random& random) {
  ExampleTable table;
  table.rows = rows;
  for (std::size_t f = 0; f < schema.id_fields().size(); ++f) {
    IdColumn column;
    for (std::size_t row = 0; row < rows; ++row) column.ids.push_back(random.below(table_rows));
    table.ids.push_back(std::move(column));
  }
  for (std::size_t i = 0; i < rows * schema.numeric_fields().size(); ++i)
    table.numeric.push_back(static_cast<float>(random.normal()));
  for (std::size_t row = 0; row < rows; ++row) table.labels.push_back(static_cast<float>(random.below(2)));
  return table;
}

}  // namespace

int main(int argc, char** argv) {
  const auto read = tamis::bench::read_number_flags(
      argc, argv, {{"threads", 2}, {"steps", 16}, {"batch", 2048}, {"fields", 26}, {"rows", 10'000}, {"dim", 16}});
  if (!read.has_value()) return 2;
  const auto& flags = *read;
  const auto schema = make_schema(flags.at("fields"), flags.at("rows"));
  if (!schema.is_ok()) return 1;
  tamis::Random random(1);
  const std::size_t rows = std::size_t{flags.at("steps")} * flags.at("batch");
  const ExampleTable train = random_examples(*schema, rows, flags.at("rows"), random);
  const ExampleTable valid = random_examples(*schema, 64, flags.at("rows"), random);
  auto model = Dlrm::create(*schema, {.dim = flags.at("dim"), .bottom = {64}, .top = {256, 128}}, 1);
  if (!model.is_ok()) return 1;
  const auto epochs = train_dlrm(*model, train, valid, {.batch = flags.at("batch"), .epochs = 2, .patience = 0},
                                 {.threads = flags.at("threads")});
  if (!epochs.is_ok()) {
    std::fprintf(stderr, "%s\n", epochs.status().to_string().c_str());
    return 1;
  }
  const double best = std::min_element(epochs->begin(), epochs->end(), [](const DlrmEpoch& a, const DlrmEpoch& b) {
                        return a.seconds < b.seconds;
                      })->seconds;
  std::printf("{\"steps_per_s\": %.2f, \"threads\": %u, \"loss\": %.4f}\n", flags.at("steps") / best,
              flags.at("threads"), epochs->back().loss);
  return 0;
}
