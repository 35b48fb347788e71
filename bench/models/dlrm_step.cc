// Times the training of a DLRM: steps per second on random examples.
//
//   models_dlrm_step [threads=2] [steps=16] [batch=2048] [fields=26] [rows=10000] [dim=16]
// 13 numbers through a bottom MLP of 64, pairwise products, top MLP 256-128-1, Adam on the touched rows.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "common/random.h"
#include "ranker/train_dlrm.h"

namespace {

using namespace tamis::ranker;
using Flags = std::map<std::string, std::uint32_t>;

tamis::Result<FeatureSchema> make_schema(Flags& flags) {
  std::vector<Field> fields;
  for (std::uint32_t i = 0; i < flags["fields"]; ++i) {
    Field field;
    field.name = "id" + std::to_string(i);
    field.rows = flags["rows"];
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
  Flags flags = {{"threads", 2}, {"steps", 16}, {"batch", 2048}, {"fields", 26}, {"rows", 10'000}, {"dim", 16}};
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || !flags.contains(argument.substr(0, equals))) {
      std::fprintf(stderr, "usage: %s [key=value]...\n", argv[0]);
      return 2;
    }
    flags[argument.substr(0, equals)] =
        static_cast<std::uint32_t>(std::strtoul(argument.c_str() + equals + 1, nullptr, 10));
  }
  const auto schema = make_schema(flags);
  if (!schema.is_ok()) return 1;
  tamis::Random random(1);
  const std::size_t rows = std::size_t{flags["steps"]} * flags["batch"];
  const ExampleTable train = random_examples(*schema, rows, flags["rows"], random);
  const ExampleTable valid = random_examples(*schema, 64, flags["rows"], random);
  auto model = Dlrm::create(*schema, {.dim = flags["dim"], .bottom = {64}, .top = {256, 128}}, 1);
  if (!model.is_ok()) return 1;
  const auto epochs = train_dlrm(*model, train, valid, {.batch = flags["batch"], .epochs = 2, .patience = 0},
                                 {.threads = flags["threads"]});
  if (!epochs.is_ok()) {
    std::fprintf(stderr, "%s\n", epochs.status().to_string().c_str());
    return 1;
  }
  const double best = std::min_element(epochs->begin(), epochs->end(), [](const DlrmEpoch& a, const DlrmEpoch& b) {
                        return a.seconds < b.seconds;
                      })->seconds;
  std::printf("{\"steps_per_s\": %.2f, \"threads\": %u, \"loss\": %.4f}\n", flags["steps"] / best, flags["threads"],
              epochs->back().loss);
  return 0;
}
