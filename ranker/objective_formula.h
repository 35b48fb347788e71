// ObjectiveFormula: how the probabilities of several objectives become one score: "5 * p(purchase) + p(click)".
//
//   formula    = term { ("+" | "-") term }
//   term       = factor { ("*" | "/") factor }
//   factor     = ["-"] power                      power = primary ["^" factor]
//   primary    = number | name | "p" "(" name ")" | "log" "(" formula ")" | "(" formula ")"
//              | ("min" | "max") "(" formula { "," formula } ")"
//   name       = letter or "_", then letters, digits, "_", "."; or any text in double quotes
// A name stands for the probability of that objective, as p(name) does; `score` is the score of the merged retrieval.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace tamis::ranker {

// Immutable; thread-safe.
class ObjectiveFormula {
 public:
  static constexpr std::size_t kMaxBytes = 1'024;
  static constexpr std::size_t kMaxDepth = 64;  // of parentheses

  // invalid_argument that tells the position, from 1, what stands there and what was expected.
  static Result<ObjectiveFormula> parse(std::string_view text);

  // The names in it, each once, in the order of their first use.
  const std::vector<std::string>& names() const { return names_; }
  // The value for values[i] of names()[i]. A result that is not finite (a division by 0, the logarithm of 0) is bounded
  // to +-1e300, what is no number at all is -1e300, so that such an item comes last. REQUIRES: equal sizes.
  double evaluate(std::span<const double> values) const;

 private:
  enum class Op : std::uint8_t {
    kNumber,
    kName,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kPower,
    kNegate,
    kLog,
    kMin,
    kMax
  };
  struct Step {
    Op op = Op::kNumber;
    double number = 0;      // of kNumber
    std::size_t count = 0;  // of kName: which; of kMin and kMax: how many arguments
  };
  friend class FormulaParser;

  std::vector<Step> steps_;  // in the order of evaluation, on a stack
  std::vector<std::string> names_;
};

}  // namespace tamis::ranker
