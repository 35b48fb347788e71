#include "ranker/rules/rule.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace tamis::ranker {

RuleReport apply_rule(const Rule& rule, CandidateList& list, const RuleContext& context) {
  RuleReport report{.rule = std::string(rule.name()), .microseconds = 0, .before = list.size(), .after = 0};
  const auto start = std::chrono::steady_clock::now();
  rule.apply(list, context);
  report.microseconds = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count();
  report.after = list.size();
  return report;
}

void sort_by_score(CandidateList& list) {
  std::sort(list.begin(), list.end(), [](const Candidate& a, const Candidate& b) {
    return a.score != b.score ? a.score > b.score : a.item < b.item;
  });
}

double scale_score(double score, double factor) {
  if (score >= 0) return score * factor;
  return factor > 0 ? score / factor : -std::numeric_limits<double>::max();
}

}  // namespace tamis::ranker
