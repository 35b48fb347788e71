// ExampleTable: encoded features by column, what a ranker learns from and scores.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "ranker/feature_schema.h"

namespace tamis::ranker {

// Rows of an embedding table for each example.
struct IdColumn {
  std::vector<std::uint32_t> ids;
  std::vector<std::uint32_t> offsets;  // [rows + 1] of a bag; empty where each example has exactly one id

  std::span<const std::uint32_t> of(std::size_t row) const {
    if (offsets.empty()) return std::span(ids).subspan(row, 1);
    return std::span(ids).subspan(offsets[row], offsets[row + 1] - offsets[row]);
  }
};

// Plain data; externally synchronised while written.
struct ExampleTable {
  std::size_t rows = 0;
  std::vector<IdColumn> ids;   // by FeatureSchema::id_fields()
  std::vector<float> numeric;  // [rows, numeric fields], normalised
  std::vector<float> labels;   // [rows], 0 or 1; empty where unknown
};

// Whether the columns fit the schema: number and length of columns, ids within their tables, offsets in order, finite
// numbers, labels 0 or 1. Columns of sides other than those asked for may be empty. Errors: invalid_argument that
// names the field.
enum class Columns { kAll, kUserAndContext, kItem, kCrossed };
bool is_column_of(Columns columns, FieldSide side);
Status check_examples(const FeatureSchema& schema, const ExampleTable& examples, Columns columns = Columns::kAll);

}  // namespace tamis::ranker
