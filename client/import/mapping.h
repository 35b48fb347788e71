// Mapping: what the columns of a CSV file mean. A TOML file, described in docs/command_line.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/import/csv_reader.h"
#include "client/import/row_condition.h"
#include "client/import/time_format.h"
#include "common/feature.h"
#include "common/ids.h"

namespace tamis::client {

// A column is named by its header, or "#3" by its place (from 1).

// A column's cell, or the same text for every row.
struct CellSource {
  std::string column;
  std::optional<std::string> constant;
};

// Columns of which each says whether a row has one label: 1 or true where it has.
struct OneHot {
  std::vector<std::pair<std::string, std::string>> labels;  // with their columns
  std::string prefix;  // or: the columns whose names begin so; the rest of the name is the label
  bool is_used() const { return !labels.empty() || !prefix.empty(); }
};

// Which value an entity keeps where several rows give one.
enum class Keep { kLast, kFirst, kMin, kMax, kMedian, kMostFrequent };

struct FeatureMapping {
  std::string name;
  CellSource source;
  OneHot one_hot;  // then the source says nothing, and the kind is multi_categorical
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
  std::string hidden;         // of items: column that says whether it is in no answer; "" for none
  bool one_row_each = false;  // an id stands in one row only: rows stream, nothing is gathered
};

struct InteractionMapping {
  std::string user;  // columns
  std::string item;
  CellSource type{.column = {}, .constant = "view"};
  std::map<std::string, std::string> types;  // what the column's types are called here: "addtocart" -> "add_to_cart"
  std::optional<std::string> value;
  std::optional<std::string> timestamp;
  TimeFormat time_format;
  std::vector<RowCondition> where;
  std::vector<FeatureMapping> context;
  std::vector<std::string> idempotency_columns;  // that name a row; empty: what it says (row_key.h)
  std::optional<std::string> key;                // column with a key as it stands: the wire's idempotency_key
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
  std::string encoding = "auto";          // text_source.h
  bool has_header = true;                 // false, and no `columns`: columns are called "1", "2", ...
  std::vector<std::string> columns;       // names, where the file has no header
  std::vector<std::string> null_tokens;   // cells that are empty, as "NULL"
  bool ignore_extra_fields = false;       // else a row with fields beyond the columns is bad
  bool missing_fields_are_empty = false;  // else a row with too few is
  std::vector<RowCondition> where;        // rows that count at all
  std::optional<EntityMapping> items;
  std::optional<EntityMapping> users;
  std::optional<InteractionMapping> interactions;
  std::optional<VectorMapping> vectors;
};

// "," as it is; "\\t", "tab", "space" and "\\x01" by name. invalid_argument for an empty one and for line breaks.
Result<std::string> parse_delimiter(std::string_view text);
// One byte, or none for "" and "none". `what` is named in the error.
Result<std::optional<char>> parse_quote(std::string_view text, std::string_view what);

// invalid_argument with the place in the file; unknown keys are refused.
Result<Mapping> parse_mapping(std::string_view toml, const std::string& name);
Result<Mapping> load_mapping(const std::string& path);

}  // namespace tamis::client
