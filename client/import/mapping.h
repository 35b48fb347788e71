// Mapping: what the columns of a CSV file mean. A TOML file, described in docs/command_line.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/import/csv_reader.h"
#include "client/import/row_condition.h"
#include "client/import/time_format.h"
#include "common/feature.h"
#include "common/ids.h"

namespace tamis::client {

// A column's cell, or the same text for every row.
struct CellSource {
  std::string column;
  std::optional<std::string> constant;
};

// Which value an entity keeps where several rows give one.
enum class Keep { kLast, kFirst, kMin, kMax, kMedian, kMostFrequent };

struct FeatureMapping {
  std::string name;
  CellSource source;
  FeatureKind kind = FeatureKind::kCategorical;
  TimeFormat time_format;
  std::string separator = "|";  // of a multi_categorical cell's elements
  Keep keep = Keep::kLast;
};

struct EntityMapping {
  EntityKind kind = EntityKind::kItem;
  std::string id;                   // column
  std::vector<RowCondition> where;  // beside the file's own
  std::vector<FeatureMapping> features;
  bool one_row_each = false;  // an id stands in one row only: rows stream, nothing is gathered
};

struct InteractionMapping {
  std::string user;  // columns
  std::string item;
  CellSource type{.column = {}, .constant = "view"};
  std::optional<std::string> value;
  std::optional<std::string> timestamp;
  TimeFormat time_format;
  std::vector<RowCondition> where;
  std::vector<FeatureMapping> context;
  std::vector<std::string> idempotency_columns;  // empty: line number and content
};

struct VectorMapping {
  EntityKind kind = EntityKind::kItem;
  std::string id;      // column
  std::string column;  // either one column with numbers between `separator`s,
  std::string prefix;  // or the columns whose names begin so, in the file's order
  std::string separator = " ";
};

struct Mapping {
  CsvFormat format;
  std::vector<std::string> columns;  // names; empty: the first record has them
  std::vector<RowCondition> where;   // rows that count at all
  std::optional<EntityMapping> items;
  std::optional<EntityMapping> users;
  std::optional<InteractionMapping> interactions;
  std::optional<VectorMapping> vectors;
};

// invalid_argument with the place in the file; unknown keys are refused.
Result<Mapping> parse_mapping(std::string_view toml, const std::string& name);
Result<Mapping> load_mapping(const std::string& path);

// For a CSV file without a mapping file: the columns of the wire's own names. Of an entity, `id` and every other column
// of `header` as a categorical feature.
Result<Mapping> default_mapping(std::string_view kind, const std::vector<std::string>& header);

}  // namespace tamis::client
