#include "ranker/rules/caps.h"

#include <algorithm>
#include <unordered_map>

#include "ranker/rules/group_keys.h"

namespace tamis::ranker {
namespace {

using Counts = std::unordered_map<std::string_view, std::size_t>;

bool allows(const Counts& counts, const std::vector<std::string_view>& values, std::size_t most) {
  return std::all_of(values.begin(), values.end(), [&](std::string_view value) {
    const auto found = counts.find(value);
    return found == counts.end() || found->second < most;
  });
}

}  // namespace

Result<CapRule> CapRule::create(Options options) {
  if (options.field.empty()) return Status::invalid_argument("a field is needed").at_field("field");
  if (options.most == 0) return Status::invalid_argument("most must be at least 1").at_field("most");
  return CapRule(std::move(options));
}

void CapRule::apply(CandidateList& list, const RuleContext& context) const {
  GroupKeys keys(options_.field);
  Counts counts;
  CandidateList kept;
  CandidateList over;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (kept.size() == context.k) {
      over.insert(over.end(), list.begin() + static_cast<std::ptrdiff_t>(i), list.end());
      break;
    }
    const auto values = keys.of(context.items.features(list[i].item));
    if (!allows(counts, values, options_.most)) {
      if (!options_.strict) over.push_back(list[i]);
      continue;
    }
    for (const std::string_view value : values) ++counts[value];
    kept.push_back(list[i]);
  }
  kept.insert(kept.end(), over.begin(), over.end());
  list = std::move(kept);
}

Result<SpreadRule> SpreadRule::create(Options options) {
  if (options.field.empty()) return Status::invalid_argument("a field is needed").at_field("field");
  if (options.most == 0) return Status::invalid_argument("most must be at least 1").at_field("most");
  if (options.window <= options.most)
    return Status::invalid_argument("window must be wider than most").at_field("window");
  return SpreadRule(std::move(options));
}

void SpreadRule::apply(CandidateList& list, const RuleContext& context) const {
  GroupKeys keys(options_.field);
  std::vector<std::vector<std::string_view>> values;
  values.reserve(list.size());
  for (const Candidate& candidate : list) values.push_back(keys.of(context.items.features(candidate.item)));
  Counts counts;  // of the slots that share a window with the one to fill
  for (std::size_t slot = 0; slot < std::min(context.k, list.size()); ++slot) {
    if (slot >= options_.window) {  // it holds the window - 1 slots before
      for (const std::string_view value : values[slot - options_.window]) --counts[value];
    }
    std::size_t best = slot;
    while (best < list.size() && !allows(counts, values[best], options_.most)) ++best;
    if (best == list.size()) best = slot;
    const auto rotate = [&](auto& sequence) {
      const auto first = sequence.begin() + static_cast<std::ptrdiff_t>(slot);
      const auto chosen = sequence.begin() + static_cast<std::ptrdiff_t>(best);
      std::rotate(first, chosen, chosen + 1);
    };
    rotate(list);
    rotate(values);
    for (const std::string_view value : values[slot]) ++counts[value];
  }
}

}  // namespace tamis::ranker
