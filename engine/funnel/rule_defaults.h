// The kinds of rules, by their places in RuleConfig.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "engine/funnel_rules.h"

namespace tamis::engine {

inline constexpr std::array<std::string_view, std::variant_size_v<RuleConfig>> kRuleKinds = {
    "filter", "boost",  "freshness", "diversity", "cap",           "spread", "calibrated",
    "pin",    "dedupe", "rotation",  "seen",      "minimum_score", "explore"};

// A rule of kRuleKinds[kind] with its defaults. REQUIRES: kind < kRuleKinds.size().
inline RuleConfig default_rule(std::size_t kind) {
  return [kind]<std::size_t... I>(std::index_sequence<I...>) {
    RuleConfig rule;
    ((kind == I ? static_cast<void>(rule.emplace<I>()) : static_cast<void>(0)), ...);
    return rule;
  }(std::make_index_sequence<std::variant_size_v<RuleConfig>>());
}

}  // namespace tamis::engine
