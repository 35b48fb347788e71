#include "client/import/csv_columns.h"

#include <charconv>

#include "client/import/cell.h"

namespace tamis::client {

Columns::Columns(std::vector<std::string> names) : names_(std::move(names)) {
  for (std::size_t i = 0; i < names_.size(); ++i) positions_.emplace(names_[i], i);
}

Result<std::size_t> Columns::position(const std::string& name) const {
  if (const auto found = positions_.find(name); found != positions_.end()) return found->second;
  const std::string_view digits = std::string_view(name).substr(name.starts_with('#') ? 1 : 0);
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool is_number = error == std::errc{} && end == digits.data() + digits.size();
  if (is_number && number >= 1 && number <= names_.size()) return number - 1;
  std::string known;
  for (const std::string& other : names_) known += (known.empty() ? "" : ", ") + other;
  return Status::invalid_argument("the file has no column \"" + name + "\"; it has: " + known.substr(0, 1'000))
      .at_field(name);
}

Result<std::vector<std::size_t>> Columns::with_prefix(const std::string& prefix) const {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i].starts_with(prefix)) positions.push_back(i);
  }
  if (positions.empty()) return Status::invalid_argument("no column begins with \"" + prefix + "\"");
  return positions;
}

Status BoundConditions::bind(const std::vector<RowCondition>& conditions, const Columns& columns) {
  for (const RowCondition& condition : conditions) {
    TAMIS_ASSIGN_OR_RETURN(const std::size_t position, columns.position(condition.column()));
    bound_.emplace_back(condition, position);
  }
  return Status::ok();
}

Result<bool> BoundConditions::hold(const CsvRow& row) const {
  for (const auto& [condition, position] : bound_) {
    TAMIS_ASSIGN_OR_RETURN(const bool holds, condition.holds(row[position]));
    if (!holds) return false;
  }
  return true;
}

Status BoundCell::bind(const CellSource& source, const Columns& columns) {
  constant_ = source.constant;
  if (constant_) return Status::ok();
  TAMIS_ASSIGN_OR_RETURN(position_, columns.position(source.column));
  return Status::ok();
}

Status BoundFeatures::bind_one_hot(const OneHot& one_hot, const Columns& columns, Bound* bound) const {
  if (!one_hot.prefix.empty()) {
    TAMIS_ASSIGN_OR_RETURN(const auto positions, columns.with_prefix(one_hot.prefix));
    for (const std::size_t position : positions) {
      bound->labels.emplace_back(columns.names()[position].substr(one_hot.prefix.size()), position);
    }
  }
  for (const auto& [label, column] : one_hot.labels) {
    TAMIS_ASSIGN_OR_RETURN(const std::size_t position, columns.position(column));
    bound->labels.emplace_back(label == column ? columns.names()[position] : label, position);
  }
  return Status::ok();
}

Status BoundFeatures::bind(const std::vector<FeatureMapping>& features, const Columns& columns) {
  features_ = &features;
  for (const FeatureMapping& feature : features) {
    Bound& bound = bound_.emplace_back();
    TAMIS_RETURN_IF_ERROR(feature.one_hot.is_used() ? bind_one_hot(feature.one_hot, columns, &bound)
                                                    : bound.cell.bind(feature.source, columns));
  }
  return Status::ok();
}

Result<std::vector<std::optional<FeatureValue>>> BoundFeatures::read(const CsvRow& row) const {
  std::vector<std::optional<FeatureValue>> values(bound_.size());
  for (std::size_t i = 0; i < bound_.size(); ++i) {
    if (!(*features_)[i].one_hot.is_used()) {
      TAMIS_ASSIGN_OR_RETURN(values[i], parse_feature_cell((*features_)[i], bound_[i].cell.of(row)));
      continue;
    }
    std::vector<std::string> labels;
    for (const auto& [label, position] : bound_[i].labels) {
      if (row[position].empty()) continue;
      TAMIS_ASSIGN_OR_RETURN(const bool has_label, parse_boolean(row[position], label));
      if (has_label) labels.push_back(label);
    }
    if (!labels.empty()) values[i] = std::move(labels);
  }
  return values;
}

Result<Features> BoundFeatures::read_all(const CsvRow& row) const {
  TAMIS_ASSIGN_OR_RETURN(auto values, read(row));
  Features features;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i]) features[(*features_)[i].name] = std::move(*values[i]);
  }
  return features;
}

}  // namespace tamis::client
