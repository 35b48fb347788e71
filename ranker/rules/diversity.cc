#include "ranker/rules/diversity.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/cancellation.h"

namespace tamis::ranker {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

// Both rules stop early where their thread's work was cancelled; the list is then not used.

// Unit vectors of a list's items; empty where there is none.
std::vector<std::vector<float>> unit_vectors(const CandidateList& list, const ItemFacts& items) {
  std::vector<std::vector<float>> units;
  units.reserve(list.size());
  for (const Candidate& candidate : list) {
    const auto vector = items.embedding(candidate.item);
    double squares = 0;
    for (const float x : vector) squares += double{x} * double{x};
    std::vector<float> unit(vector.begin(), vector.end());
    if (squares > 0 && std::isfinite(squares)) {
      for (float& x : unit) x = static_cast<float>(x / std::sqrt(squares));
    } else {
      unit.clear();
    }
    units.push_back(std::move(unit));
  }
  return units;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t j = 0; j < std::min(a.size(), b.size()); ++j) sum += double{a[j]} * double{b[j]};
  return sum;
}

// Cosines within a list. An item without a vector is as like any other as two items with one are on average, so that
// the lack is neither an advantage nor a disadvantage. O(n dim) to make.
class Similarities {
 public:
  Similarities(const CandidateList& list, const ItemFacts& items) : units_(unit_vectors(list, items)) {
    std::vector<double> sum;
    double count = 0;
    for (const std::vector<float>& unit : units_) {
      if (unit.empty()) continue;
      sum.resize(std::max(sum.size(), unit.size()));
      for (std::size_t j = 0; j < unit.size(); ++j) sum[j] += double{unit[j]};
      ++count;
    }
    if (count < 2) return;
    double squares = 0;  // of the sum: the cosines of all pairs, each twice, and of each with itself
    for (const double x : sum) squares += x * x;
    mean_ = (squares - count) / (count * (count - 1));
  }
  double operator()(std::size_t i, std::size_t j) const {
    return units_[i].empty() || units_[j].empty() ? mean_ : cosine(units_[i], units_[j]);
  }

 private:
  std::vector<std::vector<float>> units_;
  double mean_ = 0;
};

std::string note_of_unknown(const CandidateList& list, const ItemFacts& items) {
  const auto units = unit_vectors(list, items);
  const auto unknown = std::count_if(units.begin(), units.end(), [](const auto& unit) { return unit.empty(); });
  if (unknown == 0) return {};
  return std::to_string(unknown) + " of " + std::to_string(list.size()) +
         " items have no vector; they count as of mean similarity";
}

std::vector<double> scaled_scores(const CandidateList& list) {
  const auto [low, high] =
      std::minmax_element(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.score < b.score; });
  std::vector<double> scaled;
  const double range = high->score - low->score;
  for (const Candidate& candidate : list) scaled.push_back(range > 0 ? (candidate.score - low->score) / range : 1);
  return scaled;
}

// Puts the chosen positions first, in their order, the others behind in theirs.
void reorder(CandidateList& list, const std::vector<std::size_t>& chosen) {
  CandidateList result;
  result.reserve(list.size());
  std::vector<bool> taken(list.size(), false);
  for (const std::size_t i : chosen) {
    result.push_back(list[i]);
    taken[i] = true;
  }
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!taken[i]) result.push_back(list[i]);
  }
  list = std::move(result);
}

}  // namespace

Result<MmrRule> MmrRule::create(double relevance) {
  if (!(relevance >= 0 && relevance <= 1))
    return Status::invalid_argument("relevance must lie in 0..1").at_field("relevance");
  return MmrRule(relevance);
}

void MmrRule::apply(CandidateList& list, const RuleContext& context) const {
  if (list.size() < 2) return;
  const Similarities similarity(list, context.items);
  const std::vector<double> scores = scaled_scores(list);
  std::vector<double> likeness(list.size(), 0);  // greatest cosine to a chosen item
  std::vector<bool> taken(list.size(), false);
  std::vector<std::size_t> chosen;
  while (chosen.size() < std::min(context.k, list.size()) && !is_cancelled()) {
    std::size_t best = 0;
    double best_value = kNever;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const double value = relevance_ * scores[i] - (1 - relevance_) * likeness[i];
      if (!taken[i] && value > best_value) {
        best = i;
        best_value = value;
      }
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      const double similar = similarity(i, best);
      likeness[i] = chosen.empty() ? similar : std::max(likeness[i], similar);
    }
    taken[best] = true;
    chosen.push_back(best);
  }
  reorder(list, chosen);
}

std::string MmrRule::note(const CandidateList& list, const RuleContext& context) const {
  return note_of_unknown(list, context.items);
}

Result<DppRule> DppRule::create(double relevance) {
  if (!(relevance >= 0 && relevance <= 50))
    return Status::invalid_argument("relevance must lie in 0..50").at_field("relevance");
  return DppRule(relevance);
}

void DppRule::apply(CandidateList& list, const RuleContext& context) const {
  constexpr double kLeastGain = 1e-10;
  if (list.size() < 2) return;
  const std::size_t n = list.size();
  const Similarities similarity(list, context.items);
  std::vector<double> quality = scaled_scores(list);
  for (double& q : quality) q = std::exp(relevance_ * (q - 1));  // at most 1
  const auto kernel = [&](std::size_t i, std::size_t j) {
    const double similar = i == j ? 1 : similarity(i, j);
    return quality[i] * quality[j] * (1 + similar) / 2;
  };
  // Incremental Cholesky: row i of `factors` grows by one entry per chosen item; gain[i] is what i would add.
  std::vector<std::vector<double>> factors(n);
  std::vector<double> gain(n);
  for (std::size_t i = 0; i < n; ++i) gain[i] = kernel(i, i);
  std::vector<bool> taken(n, false);
  std::vector<std::size_t> chosen;
  while (chosen.size() < std::min(context.k, n) && !is_cancelled()) {
    std::size_t best = n;
    for (std::size_t i = 0; i < n; ++i) {
      if (!taken[i] && (best == n || gain[i] > gain[best])) best = i;
    }
    if (gain[best] < kLeastGain * quality[best] * quality[best]) break;  // numerically in the span of the list
    taken[best] = true;
    chosen.push_back(best);
    const double root = std::sqrt(gain[best]);
    const std::vector<double> pivot = factors[best];
    for (std::size_t i = 0; i < n; ++i) {
      if (taken[i]) continue;
      double projected = kernel(best, i);
      for (std::size_t j = 0; j < pivot.size(); ++j) projected -= pivot[j] * factors[i][j];
      projected /= root;
      factors[i].push_back(projected);
      gain[i] -= projected * projected;
    }
  }
  reorder(list, chosen);
}

std::string DppRule::note(const CandidateList& list, const RuleContext& context) const {
  return note_of_unknown(list, context.items);
}

double intra_list_diversity(const CandidateList& list, const ItemFacts& items, std::size_t k) {
  const CandidateList head(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(std::min(k, list.size())));
  if (head.size() < 2) return 0;
  const auto units = unit_vectors(head, items);
  double sum = 0;
  for (std::size_t i = 0; i < head.size(); ++i) {
    for (std::size_t j = i + 1; j < head.size(); ++j) sum += 1 - cosine(units[i], units[j]);
  }
  return sum / (static_cast<double>(head.size() * (head.size() - 1)) / 2);
}

}  // namespace tamis::ranker
