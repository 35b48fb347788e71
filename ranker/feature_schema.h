// FeatureSchema: the named fields that a ranker reads, and how each becomes numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace tamis::ranker {

enum class FieldKind {
  kCategorical,  // one value, one row of an embedding table
  kBag,          // any number of values; the mean of their rows, zeros where there are none
  kNumeric,      // a number into the bottom MLP
};

// What a field is known of. It decides when a score's part is computed: user and context once per request, item once
// per item and generation, crossed (of a user with an item, as a retriever's score) once per candidate.
enum class FieldSide { kUser, kContext, kItem, kCrossed };

enum class Normalization {
  kNone,         // as it is
  kStandard,     // (x - mean) / stddev
  kLogStandard,  // the same of log(1 + max(x, 0)): counts, prices
};

// "categorical", "bag", "numeric"; "user", "context", "item", "crossed"; "none", "standard", "log_standard".
std::string_view field_kind_name(FieldKind kind);
std::string_view field_side_name(FieldSide side);
std::string_view normalization_name(Normalization normalization);
Result<FieldKind> parse_field_kind(std::string_view name);
Result<FieldSide> parse_field_side(std::string_view name);
Result<Normalization> parse_normalization(std::string_view name);

struct Field {
  std::string name;
  FieldKind kind = FieldKind::kCategorical;
  FieldSide side = FieldSide::kContext;
  std::uint32_t rows = 0;  // of the embedding table, >= 1; row 0 is every value that training did not know
  Normalization normalization = Normalization::kNone;  // of numeric fields
  float mean = 0;
  float stddev = 1;  // > 0
  // What training has seen; a number outside counts as the nearer end. low <= high.
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();

  bool is_numeric() const { return kind == FieldKind::kNumeric; }
};

// Immutable; thread-safe.
class FeatureSchema {
 public:
  static constexpr std::size_t kMaxFields = 1024;

  FeatureSchema() = default;
  // Errors: invalid_argument at "fields[i].<member>" (no fields, too many, an empty or repeated name, no rows, a
  // stddev or mean that is not finite or in range).
  static Result<FeatureSchema> create(std::vector<Field> fields);

  const std::vector<Field>& fields() const { return fields_; }
  // Positions in fields() of those with an embedding table, and of the numeric ones, both in order.
  const std::vector<std::size_t>& id_fields() const { return id_fields_; }
  const std::vector<std::size_t>& numeric_fields() const { return numeric_fields_; }
  // Numeric fields of one side, as positions among numeric_fields().
  std::vector<std::size_t> numeric_of(FieldSide side) const;

 private:
  std::vector<Field> fields_;
  std::vector<std::size_t> id_fields_;
  std::vector<std::size_t> numeric_fields_;
};

// A number as the bottom MLP takes it: of the field's range, then normalised; 0 (the mean) where it is not finite, at
// most 1e6 in magnitude.
float normalize(const Field& field, double value);

}  // namespace tamis::ranker
