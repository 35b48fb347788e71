// The members of each kind of rule.
#include <array>

#include "common/ids.h"
#include "engine/funnel/funnel_members.h"
#include "engine/funnel/rule_defaults.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kFieldBytes = FeatureLimits::kMaxNameBytes;
constexpr std::size_t kTypeBytes = 64;
constexpr double kMaxSeconds = 1e10;
constexpr double kMaxFactor = 1e6;
constexpr double kMaxScore = 1e300;
constexpr std::uint32_t kMaxSlots = 1'000;
constexpr std::size_t kMaxPolicies = 16;
constexpr std::array<std::string_view, 3> kDecays = {"exponential", "gauss", "linear"};
constexpr std::array<std::string_view, 2> kDiversityMethods = {"mmr", "dpp"};
constexpr std::array<std::string_view, 3> kExplorePolicies = {"epsilon_greedy", "thompson", "ucb"};

constexpr NumberRange kSeconds{.low = 0, .high = kMaxSeconds};
constexpr NumberRange kPositiveSeconds{.low = 0, .high = kMaxSeconds, .above_low = true};
constexpr NumberRange kShare{.low = 0, .high = 1};

void text_field(Members& members, std::string* field, std::string_view meaning) {
  members.require("field");
  members.text("field", field, 1, kFieldBytes, meaning);
}

void describe_kind(Members& members, FilterRuleConfig& rule) {
  members.require("condition");
  members.filter("condition", &rule.condition, "what stays");
}

void describe_kind(Members& members, BoostRuleConfig& rule) {
  members.require("condition");
  members.filter("condition", &rule.condition, "whose scores change");
  members.number("multiply", &rule.multiply, {.low = 0, .high = kMaxFactor, .above_low = true},
                 "above 1 raises, below 1 buries");
  members.number("add", &rule.add, {.low = -kMaxScore, .high = kMaxScore}, "added after multiplying");
}

void describe_kind(Members& members, FreshnessRuleConfig& rule) {
  members.text("field", &rule.field, 1, kFieldBytes, "a timestamp feature");
  members.choice("decay", &rule.decay, kDecays, "the shape of the factor over age");
  members.number("scale_s", &rule.scale_s, kPositiveSeconds, "the age past offset_s at which it is decay_at_scale");
  members.number("offset_s", &rule.offset_s, kSeconds, "the age up to which it is 1");
  members.number("decay_at_scale", &rule.decay_at_scale, {.low = 0, .high = 1, .above_low = true, .below_high = true},
                 "the factor at scale_s");
  members.number("weight", &rule.weight, kShare, "the score times 1 - weight + weight * factor");
  members.number("missing_age_s", &rule.missing_age_s, kSeconds, "the age of items without the field");
}

void describe_kind(Members& members, DiversityRuleConfig& rule) {
  members.choice("method", &rule.method, kDiversityMethods,
                 "maximal marginal relevance, or a determinantal point process");
  members.text("space", &rule.space, 1, kTypeBytes, "the embedding space whose cosines say what is alike");
  members.number("relevance", &rule.relevance, {.low = 0, .high = 50},
                 "the weight of the score: mmr 0 to 1, dpp 0 to 50");
  if (rule.method == "mmr" && rule.relevance > 1) members.refuse("relevance", {}, "a number from 0 to 1, for mmr");
}

void describe_kind(Members& members, CapRuleConfig& rule) {
  text_field(members, &rule.field, "the field whose values are counted");
  members.integer("most", &rule.most, 1, kMaxSlots, "of one value among the k slots");
  members.boolean("strict", &rule.strict, "what is over is removed, even where that leaves the list short");
}

void describe_kind(Members& members, SpreadRuleConfig& rule) {
  text_field(members, &rule.field, "the field whose values are counted");
  members.integer("most", &rule.most, 1, kMaxSlots, "of one value in any window");
  members.integer("window", &rule.window, 2, kMaxSlots, "consecutive slots");
  if (rule.window <= rule.most) {
    members.refuse("window", {}, "a window wider than most");
    members.refuse("most", {}, "less than the window");
  }
}

void describe_kind(Members& members, CalibratedRuleConfig& rule) {
  text_field(members, &rule.field, "the field whose shares follow those of the user's history");
  members.number("weight", &rule.weight, kShare, "0: scores alone, 1: shares alone");
}

void describe_pin(Members& members, Pin& pin) {
  members.require("item");
  members.text("item", &pin.item, 1, kMaxExternalIdBytes, "the item's id");
  members.require("slot");
  members.integer("slot", &pin.slot, 1, kMaxSlots, "from 1");
  members.boolean("insert", &pin.insert, "bring it in where the list does not hold it");
}

void describe_kind(Members& members, PinRuleConfig& rule) {
  members.require("pins");
  members.objects("pins", &rule.pins, 1, kMaxPins, describe_pin, "which item in which slot");
  for (std::size_t i = 0; i < rule.pins.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (rule.pins[i].item.empty() || rule.pins[i].slot == 0) continue;
      if (rule.pins[j].item == rule.pins[i].item) members.refuse("pins", i, "each item once");
      if (rule.pins[j].slot == rule.pins[i].slot) members.refuse("pins", i, "each slot once");
    }
  }
}

void describe_kind(Members& members, DedupeRuleConfig& rule) {
  text_field(members, &rule.field, "one item of each of its values stays");
}

void describe_kind(Members& members, RotationRuleConfig& rule) {
  members.number("fatigue", &rule.fatigue, {.low = 0, .high = 1, .below_high = true},
                 "share of the score that one fresh impression costs");
  members.number("half_life_s", &rule.half_life_s, kPositiveSeconds, "after which an impression counts half");
  members.text("type", &rule.type, 1, kTypeBytes, "\"impression\", or a type of interaction");
  members.boolean("spare_taken", &rule.spare_taken, "what the user has had to do with since then does not count");
}

void describe_policy(Members& members, SeenPolicy& policy) {
  members.require("type");
  members.text("type", &policy.type, 1, kTypeBytes, "a type of interaction, or \"impression\"");
  members.number("window_s", &policy.window_s, kSeconds, "how long it holds; 0: for ever");
  members.number("multiply", &policy.multiply, {.low = 0, .high = kMaxFactor},
                 "0 removes, below 1 buries, above 1 raises");
}

void describe_kind(Members& members, SeenRuleConfig& rule) {
  members.require("policies");
  members.objects("policies", &rule.policies, 1, kMaxPolicies, describe_policy, "each acts on what it holds for");
}

void describe_kind(Members& members, MinimumScoreRuleConfig& rule) {
  members.require("least");
  members.number("least", &rule.least, {.low = -kMaxScore, .high = kMaxScore}, "items that score below it go");
}

void describe_kind(Members& members, ExploreRuleConfig& rule) {
  members.choice("policy", &rule.policy, kExplorePolicies, "how an uncertain item is chosen");
  members.number("share", &rule.share, kShare, "of the slots");
  members.number("most_impressions", &rule.most_impressions, {.low = 0, .high = 1e12}, "of an uncertain item");
  members.text("age_field", &rule.age_field, 1, kFieldBytes, "a timestamp feature; items without it are not explored");
  members.number("most_age_s", &rule.most_age_s, kSeconds, "with age_field: of an item that is explored");
  members.integer("most_pool", &rule.most_pool, 1, kMaxSlots, "uncertain items considered");
}

}  // namespace

void describe(Members& members, RuleConfig& rule) {
  members.alternatives(
      "kind", kRuleKinds, rule.index(),
      [&](std::size_t kind, Members& of_kind) {
        if (kind != rule.index()) rule = default_rule(kind);
        std::visit([&](auto& config) { describe_kind(of_kind, config); }, rule);
      },
      "what the rule does");
}

std::string_view rule_kind(const RuleConfig& rule) { return kRuleKinds[rule.index()]; }

}  // namespace tamis::engine
