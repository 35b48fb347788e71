// PinRule: puts given items into given slots.
#pragma once

#include "ranker/rules/rule.h"

namespace tamis::ranker {

// An item that the list does not hold is brought in with the score of the item it stands before, if `insert` is set,
// and passed over otherwise. Slots behind the end of the list are its end. Pins stand last among a funnel's rules.
class PinRule final : public Rule {
 public:
  struct Pin {
    std::uint32_t item = 0;
    std::size_t slot = 0;  // from 0
    bool insert = true;
  };
  // Errors: invalid_argument at "pins[i]" (an item or a slot twice).
  static Result<PinRule> create(std::vector<Pin> pins);
  std::string_view name() const override { return "pin"; }
  void apply(CandidateList& list, const RuleContext& context) const override;

 private:
  explicit PinRule(std::vector<Pin> pins) : pins_(std::move(pins)) {}
  std::vector<Pin> pins_;  // by slot
};

}  // namespace tamis::ranker
