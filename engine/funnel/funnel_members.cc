#include "engine/funnel/funnel_members.h"

#include <algorithm>
#include <limits>

#include "engine/funnel/funnel_names.h"
#include "ranker/objective_formula.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kMaxNameBytes = 64;
constexpr double kMaxRuleBudgetUs = 1e6;

void describe_retriever(Members& members, RetrieverConfig& retriever) {
  members.require("kind");
  members.choice("kind", &retriever.kind, retriever_kinds(), "which source");
  members.integer("quota", &retriever.quota, 1, kMaxQuota, "candidates asked of it");
  members.number("weight", &retriever.weight, {.low = 0, .high = kMaxRetrieverWeight, .above_low = true},
                 "its say in the merge");
  members.text("space", &retriever.space, 1, kMaxNameBytes,
               "of ann and similar: the embedding space, \"ials\" where none is named");
  members.boolean("exact", &retriever.exact, "of ann and similar: scan every vector, so that answers can be replayed");
  if (retriever_reads_space(retriever.kind)) {
    if (retriever.space.empty()) retriever.space = kDefaultSpace;
  } else if (!retriever.kind.empty()) {
    members.refuse("space", {}, "no space: \"" + retriever.kind + "\" searches none");
  }
}

void refuse_repeated_retrievers(Members& members, const std::vector<RetrieverConfig>& retrievers) {
  for (std::size_t i = 0; i < retrievers.size(); ++i) {
    const auto is_same = [&](const RetrieverConfig& earlier) {
      return !earlier.kind.empty() && earlier.kind == retrievers[i].kind && earlier.space == retrievers[i].space;
    };
    if (std::any_of(retrievers.begin(), retrievers.begin() + static_cast<std::ptrdiff_t>(i), is_same))
      members.refuse("retrievers", i, "each retriever once; \"" + retrievers[i].kind + "\" is repeated");
  }
}

void describe_ranker(Members& members, RankerConfig& ranker) {
  members.choice("kind", &ranker.kind, kRankerKinds, "what scores the merged candidates");
  members.integer("candidates", &ranker.candidates, 1, kMaxRankedCandidates,
                  "merged candidates that the ranker and the rules see; never fewer than k");
  members.text("objective", &ranker.objective, 1, kMaxObjectiveBytes,
               "of dlrm: how its objectives become one score, as \"p(purchase) * 5 + p(click)\"");
  if (ranker.objective.empty() || ranker.objective.size() > kMaxObjectiveBytes) return;
  if (const auto formula = tamis::ranker::ObjectiveFormula::parse(ranker.objective); !formula.is_ok())
    members.refuse("objective", {}, "a formula; " + formula.status().message());
}

void describe_impressions(Members& members, ImpressionConfig& impressions) {
  members.number("sample_rate", &impressions.sample_rate, {.low = 0, .high = 1},
                 "share of the answers whose slots are logged");
  members.integer("attribution_window_s", &impressions.attribution_window_s, 0, kMaxAttributionWindowS,
                  "an interaction without recommendation id counts so many seconds after a slot");
}

void describe_identity(Members& members, FunnelConfig& funnel) {
  std::string own_name = funnel.name;
  members.text("name", &own_name, 1, kMaxNameBytes, "may repeat the name of the resource");
  if (own_name != funnel.name) members.refuse("name", {}, "\"" + funnel.name + "\", the name of the resource");
  members.integer("version", &funnel.version, 1, std::numeric_limits<std::uint32_t>::max(),
                  "counts up with every PUT; ignored there");
  members.text("base", &funnel.base, 1, kMaxNameBytes,
               "the stored funnel whose settings hold for members that are left out");
}

}  // namespace

void describe(Members& members, FunnelConfig& funnel) {
  describe_identity(members, funnel);
  members.objects("retrievers", &funnel.retrievers, 1, kMaxRetrievers, describe_retriever, "the sources of candidates");
  refuse_repeated_retrievers(members, funnel.retrievers);
  std::string merge(kMergeMethods[std::min<std::size_t>(static_cast<std::size_t>(funnel.merge), 2)]);
  members.choice("merge", &merge, kMergeMethods, "how their lists become one");
  funnel.merge =
      static_cast<MergeMethod>(std::find(kMergeMethods.begin(), kMergeMethods.end(), merge) - kMergeMethods.begin());
  members.boolean("exclude_seen", &funnel.exclude_seen, "leave out what the user interacted with");
  members.texts("seen_types", &funnel.seen_types, kMaxSeenTypes, kMaxNameBytes,
                "the interaction types that count as seen; none named: all");
  members.choice("rotate_shown", &funnel.rotate_shown, kRotateShown,
                 "when what the user was shown lately and has not taken sinks, to come back in time");
  members.filter("filter", &funnel.filter, "which items may be recommended");
  members.object(
      "ranker", [&](Members& inner) { describe_ranker(inner, funnel.ranker); }, "what scores the merged candidates");
  members.objects("rules", &funnel.rules, 0, kMaxRules, describe, "what re-orders the ranked list, in turn");
  refuse_misplaced_rules(members, funnel.rules);
  members.number("rule_budget_us", &funnel.rule_budget_us, {.low = 0, .high = kMaxRuleBudgetUs},
                 "a rule that takes longer is counted and told of; 0: no budget");
  members.choices("fallback", &funnel.fallback, kFallbackKinds,
                  "where items come from when the list is short, in turn");
  members.object(
      "impressions", [&](Members& inner) { describe_impressions(inner, funnel.impressions); },
      "how what was served is measured");
}

}  // namespace tamis::engine
