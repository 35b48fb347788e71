// ExploreRule: gives a share of the slots to items that little is known of, and logs the probability of what it served.
#pragma once

#include "ranker/rules/exploration_policy.h"
#include "ranker/rules/rule.h"

namespace tamis::ranker {

// Each of the first k slots, from the first, is filled from what is left of the list: with probability `share` by the
// policy from the pool (items with few impressions, young enough), otherwise by the list's best. Candidate::propensity
// of a slot is the probability of its item given the slots before:
//   (1 - share) [item is the best left] + share * policy(item), or 1 where the pool is empty.
// Draws depend on the context's seed alone: a request's seed should differ from every other's.
class ExploreRule final : public Rule {
 public:
  struct Options {
    ExplorationPolicy policy = ExplorationPolicy::kUniform;
    double share = 0.1;             // epsilon, 0..1
    double most_impressions = 100;  // of an uncertain item; >= 0
    std::string age_field = {};     // a feature that tells a time (common/feature_time.h); empty: items of any age
    std::int64_t most_age_ms = 0;   // with age_field: older items, those without it and those whose time is still to
                                    // come are not explored; >= 0
    std::size_t most_pool = 50;     // the best of more are the pool; up to half of it is kept for new items; >= 1
  };
  // Errors: invalid_argument at the option.
  static Result<ExploreRule> create(Options options);
  std::string_view name() const override { return "explore"; }
  void apply(CandidateList& list, const RuleContext& context) const override;

  // An item that may fill a slot, and how likely it does.
  struct Choice {
    std::uint32_t item = 0;
    double probability = 0;  // > 0; those of a slot sum to 1
  };
  // What apply() could have put into each slot of `shown`, had it put into the slots before what stands there: the
  // rule as a policy, by which what another one served is judged. Empty from the slot on that the list does not reach.
  std::vector<std::vector<Choice>> choices(const CandidateList& list, std::span<const std::uint32_t> shown,
                                           const RuleContext& context) const;

 private:
  explicit ExploreRule(Options options) : options_(std::move(options)) {}
  bool is_uncertain(std::uint32_t item, const RuleContext& context) const;
  // By place in the list: what may be explored, at most most_pool.
  std::vector<bool> uncertain_places(const CandidateList& list, const RuleContext& context) const;
  Options options_;
};

}  // namespace tamis::ranker
