#include "ranker/example_table.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace tamis::ranker {
namespace {

Status fault(const Field& field, const std::string& what) {
  return Status::invalid_argument("field \"" + field.name + "\" " + what).at_field(field.name);
}

Status check_column(const Field& field, const IdColumn& column, std::size_t rows) {
  if (column.offsets.empty()) {
    if (column.ids.size() != rows)
      return fault(field, "has " + std::to_string(column.ids.size()) + " ids for " + std::to_string(rows) + " rows");
  } else {
    const auto& offsets = column.offsets;
    if (offsets.size() != rows + 1 || offsets.front() != 0 || offsets.back() != column.ids.size() ||
        !std::is_sorted(offsets.begin(), offsets.end()))
      return fault(field, "has offsets that do not cut its ids into rows");
  }
  const auto outside = std::find_if(column.ids.begin(), column.ids.end(), [&](auto id) { return id >= field.rows; });
  if (outside == column.ids.end()) return Status::ok();
  return fault(field, "has id " + std::to_string(*outside) + ", its table " + std::to_string(field.rows) + " rows");
}

}  // namespace

bool is_column_of(Columns columns, FieldSide side) {
  switch (columns) {
    case Columns::kAll: return true;
    case Columns::kUserAndContext: return side == FieldSide::kUser || side == FieldSide::kContext;
    case Columns::kItem: return side == FieldSide::kItem;
    case Columns::kCrossed: return side == FieldSide::kCrossed;
  }
  return false;
}

Status check_examples(const FeatureSchema& schema, const ExampleTable& examples, Columns columns) {
  if (examples.ids.size() != schema.id_fields().size())
    return Status::invalid_argument("there are " + std::to_string(examples.ids.size()) + " columns of ids, expected " +
                                    std::to_string(schema.id_fields().size()));
  for (std::size_t i = 0; i < examples.ids.size(); ++i) {
    const Field& field = schema.fields()[schema.id_fields()[i]];
    if (is_column_of(columns, field.side)) TAMIS_RETURN_IF_ERROR(check_column(field, examples.ids[i], examples.rows));
  }
  if (examples.numeric.size() != examples.rows * schema.numeric_fields().size())
    return Status::invalid_argument("there are " + std::to_string(examples.numeric.size()) + " numbers, expected " +
                                    std::to_string(examples.rows * schema.numeric_fields().size()));
  if (!std::all_of(examples.numeric.begin(), examples.numeric.end(), [](float x) { return std::isfinite(x); }))
    return Status::invalid_argument("a numeric feature is not finite");
  if (!examples.labels.empty() && examples.labels.size() != examples.rows)
    return Status::invalid_argument("there are " + std::to_string(examples.labels.size()) + " labels for " +
                                    std::to_string(examples.rows) + " rows");
  if (!std::all_of(examples.labels.begin(), examples.labels.end(), [](float x) { return x == 0 || x == 1; }))
    return Status::invalid_argument("a label is neither 0 nor 1");
  return Status::ok();
}

}  // namespace tamis::ranker
