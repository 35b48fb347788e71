// Random schemas and examples for tests.
#pragma once

#include <gtest/gtest.h>

#include "common/random.h"
#include "ranker/example_table.h"
#include "ranker/feature_schema.h"

namespace tamis::ranker {

inline Field id_field(const std::string& name, FieldSide side, std::uint32_t rows,
                      FieldKind kind = FieldKind::kCategorical) {
  Field field;
  field.name = name;
  field.kind = kind;
  field.side = side;
  field.rows = rows;
  return field;
}

inline Field numeric_field(const std::string& name, FieldSide side) {
  Field field;
  field.name = name;
  field.kind = FieldKind::kNumeric;
  field.side = side;
  return field;
}

inline FeatureSchema make_schema(std::vector<Field> fields) {
  auto schema = FeatureSchema::create(std::move(fields));
  EXPECT_TRUE(schema.is_ok()) << schema.status().to_string();
  return *schema;
}

// Fields of every kind on every side.
inline FeatureSchema mixed_schema() {
  return make_schema({id_field("user", FieldSide::kUser, 20), numeric_field("age", FieldSide::kUser),
                      id_field("likes", FieldSide::kUser, 9, FieldKind::kBag), id_field("hour", FieldSide::kContext, 5),
                      id_field("item", FieldSide::kItem, 30), id_field("tags", FieldSide::kItem, 7, FieldKind::kBag),
                      numeric_field("price", FieldSide::kItem), numeric_field("weight", FieldSide::kItem),
                      id_field("source", FieldSide::kCrossed, 4), numeric_field("score", FieldSide::kCrossed)});
}

inline ExampleTable random_examples(const FeatureSchema& schema, std::size_t rows, Random& random,
                                    Columns columns = Columns::kAll) {
  ExampleTable table;
  table.rows = rows;
  for (const std::size_t position : schema.id_fields()) {
    const Field& field = schema.fields()[position];
    IdColumn column;
    if (field.kind == FieldKind::kBag && is_column_of(columns, field.side)) column.offsets.push_back(0);
    for (std::size_t row = 0; row < rows && is_column_of(columns, field.side); ++row) {
      const std::uint32_t length = field.kind == FieldKind::kBag ? random.below(4) : 1;
      for (std::uint32_t i = 0; i < length; ++i) column.ids.push_back(random.below(field.rows));
      if (field.kind == FieldKind::kBag) column.offsets.push_back(static_cast<std::uint32_t>(column.ids.size()));
    }
    table.ids.push_back(std::move(column));
  }
  for (std::size_t i = 0; i < rows * schema.numeric_fields().size(); ++i)
    table.numeric.push_back(static_cast<float>(random.normal()));
  for (std::size_t row = 0; row < rows; ++row) table.labels.push_back(random.below(2) == 0 ? 0.0F : 1.0F);
  return table;
}

}  // namespace tamis::ranker
