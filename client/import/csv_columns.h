// The columns of one CSV file, and the parts of a mapping bound to their positions.
//
// Binding fails with invalid_argument where a column is not in the file. Thread-safe once bound.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "client/import/mapping.h"
#include "common/feature.h"

namespace tamis::client {

using CsvRow = std::vector<std::string>;

class Columns {
 public:
  explicit Columns(std::vector<std::string> names);
  // By name; else "#3" and "3" by place, from 1.
  Result<std::size_t> position(const std::string& name) const;
  // The positions of the columns whose names begin with `prefix`.
  Result<std::vector<std::size_t>> with_prefix(const std::string& prefix) const;
  const std::vector<std::string>& names() const { return names_; }

 private:
  const std::vector<std::string> names_;
  std::unordered_map<std::string, std::size_t> positions_;
};

class BoundConditions {
 public:
  Status bind(const std::vector<RowCondition>& conditions, const Columns& columns);
  Result<bool> hold(const CsvRow& row) const;

 private:
  std::vector<std::pair<RowCondition, std::size_t>> bound_;
};

// A cell by position, or a constant.
class BoundCell {
 public:
  Status bind(const CellSource& source, const Columns& columns);
  const std::string& of(const CsvRow& row) const { return constant_ ? *constant_ : row[position_]; }

 private:
  std::optional<std::string> constant_;
  std::size_t position_ = 0;
};

class BoundFeatures {
 public:
  // `features` outlives this.
  Status bind(const std::vector<FeatureMapping>& features, const Columns& columns);
  // One entry per feature; nothing where the row has none.
  Result<std::vector<std::optional<FeatureValue>>> read(const CsvRow& row) const;
  Result<Features> read_all(const CsvRow& row) const;

 private:
  struct Bound {
    BoundCell cell;
    std::vector<std::pair<std::string, std::size_t>> labels;  // of a one-hot feature
  };
  Status bind_one_hot(const OneHot& one_hot, const Columns& columns, Bound* bound) const;

  const std::vector<FeatureMapping>* features_ = nullptr;
  std::vector<Bound> bound_;
};

}  // namespace tamis::client
