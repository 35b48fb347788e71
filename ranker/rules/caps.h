// Caps: how many items of one value of a field (a category, a year, a seller) a list or a window of it may hold. The
// field may be of any kind (group_keys.h). A multi-valued item counts for each of its values; an item without the field
// is free.
#pragma once

#include "ranker/rules/rule.h"

namespace tamis::ranker {

// At most `most` of the first k slots for each value. What is over moves behind them in its order; where the list runs
// out of other items, k is not filled from it: `strict` removes it, otherwise it follows.
class CapRule final : public Rule {
 public:
  struct Options {
    std::string field = {};
    std::size_t most = 3;  // >= 1
    bool strict = false;
  };
  static Result<CapRule> create(Options options);
  std::string_view name() const override { return "cap"; }
  void apply(CandidateList& list, const RuleContext& context) const override;

 private:
  explicit CapRule(Options options) : options_(std::move(options)) {}
  Options options_;
};

// At most `most` of any `window` consecutive slots among the first k for each value: each slot takes the best item that
// the slots before allow, and the best of all where none is.
class SpreadRule final : public Rule {
 public:
  struct Options {
    std::string field = {};
    std::size_t most = 1;    // >= 1
    std::size_t window = 3;  // > most
  };
  static Result<SpreadRule> create(Options options);
  std::string_view name() const override { return "spread"; }
  void apply(CandidateList& list, const RuleContext& context) const override;

 private:
  explicit SpreadRule(Options options) : options_(std::move(options)) {}
  Options options_;
};

}  // namespace tamis::ranker
