#include "ranker/feature_schema.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

namespace tamis::ranker {
namespace {

constexpr std::array kKinds = {std::pair{FieldKind::kCategorical, std::string_view("categorical")},
                               std::pair{FieldKind::kBag, std::string_view("bag")},
                               std::pair{FieldKind::kNumeric, std::string_view("numeric")}};
constexpr std::array kSides = {
    std::pair{FieldSide::kUser, std::string_view("user")}, std::pair{FieldSide::kContext, std::string_view("context")},
    std::pair{FieldSide::kItem, std::string_view("item")}, std::pair{FieldSide::kCrossed, std::string_view("crossed")}};
constexpr std::array kNormalizations = {std::pair{Normalization::kNone, std::string_view("none")},
                                        std::pair{Normalization::kStandard, std::string_view("standard")},
                                        std::pair{Normalization::kLogStandard, std::string_view("log_standard")}};

template <typename Table, typename Value>
std::string_view name_of(const Table& table, Value value) {
  for (const auto& [known, name] : table) {
    if (known == value) return name;
  }
  return "";
}

template <typename Table>
auto parse(const Table& table, std::string_view what, std::string_view text)
    -> Result<typename Table::value_type::first_type> {
  std::string names;
  for (const auto& [value, name] : table) {
    if (name == text) return value;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return Status::invalid_argument("\"" + std::string(text) + "\" is no " + std::string(what) + " (known: " + names +
                                  ")");
}

Status check(const Field& field, const std::string& path) {
  if (field.name.empty()) return Status::invalid_argument("a field needs a name").at_field(path + ".name");
  if (!field.is_numeric() && field.rows == 0)
    return Status::invalid_argument("field \"" + field.name + "\" has no rows; row 0 is the unknown value")
        .at_field(path + ".rows");
  if (field.is_numeric() && (!std::isfinite(field.stddev) || field.stddev <= 0))
    return Status::invalid_argument("field \"" + field.name + "\" has a stddev that is not above 0")
        .at_field(path + ".stddev");
  if (field.is_numeric() && !std::isfinite(field.mean))
    return Status::invalid_argument("field \"" + field.name + "\" has a mean that is not finite")
        .at_field(path + ".mean");
  if (field.is_numeric() && !(field.low <= field.high))
    return Status::invalid_argument("field \"" + field.name + "\" has a low that is not at most its high")
        .at_field(path + ".low");
  return Status::ok();
}

}  // namespace

std::string_view field_kind_name(FieldKind kind) { return name_of(kKinds, kind); }
std::string_view field_side_name(FieldSide side) { return name_of(kSides, side); }
std::string_view normalization_name(Normalization normalization) { return name_of(kNormalizations, normalization); }
Result<FieldKind> parse_field_kind(std::string_view name) { return parse(kKinds, "kind of field", name); }
Result<FieldSide> parse_field_side(std::string_view name) { return parse(kSides, "side", name); }
Result<Normalization> parse_normalization(std::string_view name) {
  return parse(kNormalizations, "normalization", name);
}

Result<FeatureSchema> FeatureSchema::create(std::vector<Field> fields) {
  if (fields.empty()) return Status::invalid_argument("a schema needs a field").at_field("fields");
  if (fields.size() > kMaxFields)
    return Status::invalid_argument(std::to_string(fields.size()) + " fields; at most " + std::to_string(kMaxFields))
        .at_field("fields");
  FeatureSchema schema;
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string path = "fields[" + std::to_string(i) + "]";
    TAMIS_RETURN_IF_ERROR(check(fields[i], path));
    if (!names.insert(fields[i].name).second)
      return Status::invalid_argument("field \"" + fields[i].name + "\" is there twice").at_field(path + ".name");
    (fields[i].is_numeric() ? schema.numeric_fields_ : schema.id_fields_).push_back(i);
  }
  schema.fields_ = std::move(fields);
  return schema;
}

std::vector<std::size_t> FeatureSchema::numeric_of(FieldSide side) const {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < numeric_fields_.size(); ++i) {
    if (fields_[numeric_fields_[i]].side == side) found.push_back(i);
  }
  return found;
}

float normalize(const Field& field, double value) {
  constexpr double kLargest = 1e6;
  if (!std::isfinite(value)) return 0;
  value = std::clamp(value, field.low, field.high);
  if (field.normalization == Normalization::kLogStandard) value = std::log1p(std::max(value, 0.0));
  if (field.normalization != Normalization::kNone) value = (value - field.mean) / field.stddev;
  return static_cast<float>(std::clamp(value, -kLargest, kLargest));
}

}  // namespace tamis::ranker
