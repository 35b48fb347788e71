#include "engine/query/rule_factory.h"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>

#include "ranker/rules/boost.h"
#include "ranker/rules/calibrated.h"
#include "ranker/rules/caps.h"
#include "ranker/rules/diversity.h"
#include "ranker/rules/explore.h"
#include "ranker/rules/freshness.h"
#include "ranker/rules/group_keys.h"
#include "ranker/rules/history.h"
#include "ranker/rules/pins.h"
#include "ranker/rules/selection.h"

namespace tamis::engine {
namespace {

using RulePointer = Result<std::unique_ptr<ranker::Rule>>;

template <typename RuleType>
RulePointer own(Result<RuleType> rule) {
  if (!rule.is_ok()) return Status::internal("a stored rule cannot be made: " + rule.status().to_string());
  return std::unique_ptr<ranker::Rule>(std::make_unique<RuleType>(std::move(rule).value()));
}

std::int64_t milliseconds(double seconds) { return static_cast<std::int64_t>(std::llround(seconds * 1'000)); }

ranker::Decay decay_of(const std::string& name) {
  if (name == "gauss") return ranker::Decay::kGauss;
  return name == "linear" ? ranker::Decay::kLinear : ranker::Decay::kExponential;
}

class RuleMaker {
 public:
  RuleMaker(const RetrievalContext& context, const UserState& person, const ranker::ItemFacts& facts)
      : context_(context), person_(person), facts_(facts) {}

  RulePointer operator()(const FilterRuleConfig& config) const {
    return own(Result(ranker::FilterRule(config.condition)));
  }
  RulePointer operator()(const BoostRuleConfig& config) const {
    return own(
        ranker::BoostRule::create({.condition = config.condition, .multiply = config.multiply, .add = config.add}));
  }
  RulePointer operator()(const FreshnessRuleConfig& config) const {
    return own(ranker::FreshnessRule::create({.field = config.field,
                                              .decay = decay_of(config.decay),
                                              .scale_ms = std::max<std::int64_t>(1, milliseconds(config.scale_s)),
                                              .offset_ms = milliseconds(config.offset_s),
                                              .decay_at_scale = config.decay_at_scale,
                                              .weight = config.weight,
                                              .missing_age_ms = milliseconds(config.missing_age_s)}));
  }
  RulePointer operator()(const DiversityRuleConfig& config) const {
    if (config.method == "dpp") return own(ranker::DppRule::create(config.relevance));
    return own(ranker::MmrRule::create(config.relevance));
  }
  RulePointer operator()(const CapRuleConfig& config) const {
    return own(ranker::CapRule::create({.field = config.field, .most = config.most, .strict = config.strict}));
  }
  RulePointer operator()(const SpreadRuleConfig& config) const {
    return own(ranker::SpreadRule::create({.field = config.field, .most = config.most, .window = config.window}));
  }
  RulePointer operator()(const CalibratedRuleConfig& config) const {
    return own(ranker::CalibratedRule::create(
        {.field = config.field, .target = history_shares(config.field), .weight = config.weight}));
  }
  RulePointer operator()(const PinRuleConfig& config) const {
    std::vector<ranker::PinRule::Pin> pins;
    for (const Pin& pin : config.pins) {
      const auto item = context_.state.store->ids(EntityKind::kItem).find(pin.item);
      if (item && context_.is_eligible(*item))
        pins.push_back({.item = *item, .slot = pin.slot - 1, .insert = pin.insert});
    }
    return own(ranker::PinRule::create(std::move(pins)));
  }
  RulePointer operator()(const DedupeRuleConfig& config) const { return own(Result(ranker::DedupeRule(config.field))); }
  RulePointer operator()(const RotationRuleConfig& config) const {
    return own(
        ranker::RotationRule::create({.fatigue = config.fatigue,
                                      .half_life_ms = std::max<std::int64_t>(1, milliseconds(config.half_life_s)),
                                      .type = config.type,
                                      .spare_taken = config.spare_taken}));
  }
  RulePointer operator()(const SeenRuleConfig& config) const {
    std::vector<ranker::SeenRule::Policy> policies;
    for (const SeenPolicy& policy : config.policies)
      policies.push_back(
          {.type = policy.type, .window_ms = milliseconds(policy.window_s), .multiply = policy.multiply});
    return own(ranker::SeenRule::create(std::move(policies)));
  }
  RulePointer operator()(const MinimumScoreRuleConfig& config) const {
    return own(Result(ranker::MinimumScoreRule(config.least)));
  }
  RulePointer operator()(const ExploreRuleConfig& config) const {
    const std::string policy = config.policy == "epsilon_greedy" ? "uniform" : config.policy;
    TAMIS_ASSIGN_OR_RETURN(const ranker::ExplorationPolicy parsed, ranker::parse_exploration_policy(policy));
    return own(ranker::ExploreRule::create({.policy = parsed,
                                            .share = config.share,
                                            .most_impressions = config.most_impressions,
                                            .age_field = config.age_field,
                                            .most_age_ms = milliseconds(config.most_age_s),
                                            .most_pool = config.most_pool}));
  }

 private:
  // How the weight of the person's history is spread over the values of a field.
  ranker::CalibratedRule::Shares history_shares(const std::string& field) const {
    ranker::GroupKeys keys(field);
    ranker::CalibratedRule::Shares shares;
    for (const HistoryItem& entry : person_.items) {
      const auto values = keys.of(facts_.features(entry.item));
      for (const std::string_view value : values)
        shares[std::string(value)] += double{entry.weight} / static_cast<double>(values.size());
    }
    return shares;
  }

  const RetrievalContext& context_;
  const UserState& person_;
  const ranker::ItemFacts& facts_;
};

}  // namespace

Result<std::unique_ptr<ranker::Rule>> make_rule(const RuleConfig& config, const RetrievalContext& context,
                                                const UserState& person, const ranker::ItemFacts& facts) {
  return std::visit(RuleMaker(context, person, facts), config);
}

const SpaceIndex* space_of(const RuleConfig& config, const ReadState& state) {
  const auto* diversity = std::get_if<DiversityRuleConfig>(&config);
  return diversity == nullptr ? nullptr : find_space(state, diversity->space);
}

bool reads_impressions(const RuleConfig& config) {
  constexpr std::string_view kImpression = "impression";
  constexpr double kNoLimit = 1e12;  // every item is uncertain, however often it was shown
  if (const auto* rotation = std::get_if<RotationRuleConfig>(&config)) return rotation->type == kImpression;
  if (const auto* explore = std::get_if<ExploreRuleConfig>(&config))
    return explore->policy != "epsilon_greedy" || explore->most_impressions < kNoLimit;
  const auto* seen = std::get_if<SeenRuleConfig>(&config);
  return seen != nullptr && std::any_of(seen->policies.begin(), seen->policies.end(),
                                        [&](const SeenPolicy& policy) { return policy.type == kImpression; });
}

bool is_screen(const RuleConfig& config) {
  if (std::holds_alternative<FilterRuleConfig>(config) || std::holds_alternative<DedupeRuleConfig>(config)) return true;
  if (const auto* cap = std::get_if<CapRuleConfig>(&config)) return cap->strict;
  const auto* seen = std::get_if<SeenRuleConfig>(&config);
  return seen != nullptr && std::any_of(seen->policies.begin(), seen->policies.end(),
                                        [](const SeenPolicy& policy) { return policy.multiply == 0; });
}

}  // namespace tamis::engine
