// RowCondition: which rows of a CSV file count, as `Quantity > 0` or `CustomerID not empty`.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "common/status.h"

namespace tamis::client {

// condition := column operator [value]; a column may be quoted ("Unit Price" > 1) and so may a value.
// operators: > >= < <= (numbers), = != (numbers where both are, else text), `empty`, `not empty`, `starts with`,
// `not starts with`, `contains`, `not contains`. Thread-safe as values are.
class RowCondition {
 public:
  static Result<RowCondition> parse(std::string_view text);

  const std::string& column() const { return column_; }
  // Whether a row whose column holds `cell` counts. invalid_argument where a comparison of numbers meets something
  // else.
  Result<bool> holds(std::string_view cell) const;

 private:
  enum class Op { kGreater, kGreaterEqual, kLess, kLessEqual, kEqual, kNotEqual, kEmpty, kStartsWith, kContains };
  RowCondition() = default;

  std::string text_;
  std::string column_;
  Op op_ = Op::kEmpty;
  bool negated_ = false;
  std::string value_;
};

}  // namespace tamis::client
