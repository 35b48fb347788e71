// Rule: one step of re-ranking, a pure function of a ranked list and of what is known of its items, the user, the time
// and a random seed: the same input gives the same output, on any machine.
//
// A list is in rank order. A rule either changes scores and sorts by them again (boost, freshness, rotation, seen), or
// chooses an order of its own and leaves scores (diversity, caps, pins, exploration), or removes items. So rules of the
// first kind stand before those of the second.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/feature.h"
#include "common/status.h"

namespace tamis::ranker {

struct Candidate {
  std::uint32_t item = 0;  // dense id
  double score = 0;
  // The probability with which the rules put this item into this slot, given the slots before it; 1 unless chance
  // chose.
  double propensity = 1;
  bool is_new = false;  // one of the newest items, which a rule that explores considers whatever its place
};
using CandidateList = std::vector<Candidate>;

// What this user did with an item, or was shown of it.
struct PastEvent {
  std::string_view type;  // "view", "purchase", "impression"
  TimestampMs at_ms = 0;
};

struct ItemCounts {
  double impressions = 0;
  double clicks = 0;
};

// What rules may ask of the items of a list. Called on the rule's thread; answers live until the rule returns.
class ItemFacts {
 public:
  virtual ~ItemFacts() = default;
  virtual std::string_view id(std::uint32_t item) const = 0;
  virtual const Features& features(std::uint32_t item) const = 0;
  // Empty where the item has no vector.
  virtual std::span<const float> embedding(std::uint32_t item) const = 0;
  // By anyone.
  virtual ItemCounts counts(std::uint32_t item) const = 0;
  // Of this request's user, in any order.
  virtual std::span<const PastEvent> history(std::uint32_t item) const = 0;
};

struct RuleContext {
  const ItemFacts& items;
  TimestampMs now_ms = 0;
  std::uint64_t seed = 0;
  std::size_t k = 10;  // slots that will be served; rules that choose an order leave what lies behind as it is
};

// Immutable; thread-safe.
class Rule {
 public:
  virtual ~Rule() = default;
  virtual std::string_view name() const = 0;  // "boost", as in a funnel
  virtual void apply(CandidateList& list, const RuleContext& context) const = 0;
  // What is to be known of its work on `list`, which it has not seen yet, for explanations; mostly empty.
  virtual std::string note(const CandidateList& /*list*/, const RuleContext& /*context*/) const { return {}; }
};

// What a rule did, for `explain` and for its budget.
struct RuleReport {
  std::string rule;
  double microseconds = 0;
  std::size_t before = 0;  // length of the list
  std::size_t after = 0;
};
RuleReport apply_rule(const Rule& rule, CandidateList& list, const RuleContext& context);

// By falling score, ties by item, so that order never depends on a sort's whims.
void sort_by_score(CandidateList& list);

// A score raised by `factor` >= 1 or lowered by `factor` < 1 whatever its sign: negative scores are divided.
double scale_score(double score, double factor);

}  // namespace tamis::ranker
