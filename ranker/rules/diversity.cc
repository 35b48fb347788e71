#include "ranker/rules/diversity.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/cancellation.h"
#include "models/blas.h"

namespace tamis::ranker {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

// Both rules stop early where their thread's work was cancelled; the list is then not used.

// The unit vectors of a list's items, row by row; a row of zeros where there is none.
struct UnitVectors {
  std::size_t dim = 0;
  std::vector<float> rows;  // [items, dim]
  std::vector<bool> is_known;

  UnitVectors(const CandidateList& list, const ItemFacts& items) : is_known(list.size(), false) {
    for (const Candidate& candidate : list) dim = std::max(dim, items.embedding(candidate.item).size());
    rows.resize(list.size() * dim);
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto vector = items.embedding(list[i].item);
      double squares = 0;
      for (const float x : vector) squares += double{x} * double{x};
      if (!(squares > 0 && std::isfinite(squares))) continue;
      is_known[i] = true;
      float* row = rows.data() + i * dim;
      for (std::size_t j = 0; j < vector.size(); ++j) row[j] = static_cast<float>(vector[j] / std::sqrt(squares));
    }
  }
  std::size_t size() const { return is_known.size(); }
  const float* row(std::size_t i) const { return rows.data() + i * dim; }
  std::size_t unknown() const { return static_cast<std::size_t>(std::count(is_known.begin(), is_known.end(), false)); }
};

// Cosines within a list. An item without a vector is as like any other as two items with one are on average, so that
// the lack is neither an advantage nor a disadvantage. O(n dim) to make.
class Similarities {
 public:
  Similarities(const CandidateList& list, const ItemFacts& items) : units_(list, items), to_one_(list.size()) {
    std::vector<double> sum(units_.dim);
    for (std::size_t i = 0; i < units_.size(); ++i) {
      for (std::size_t j = 0; j < units_.dim; ++j) sum[j] += double{units_.row(i)[j]};
    }
    const auto count = static_cast<double>(units_.size() - units_.unknown());
    if (count < 2) return;
    double squares = 0;  // of the sum: the cosines of all pairs, each twice, and of each with itself
    for (const double x : sum) squares += x * x;
    mean_ = (squares - count) / (count * (count - 1));
  }
  // The cosine of each item with item `i`. Valid until the next call. O(n dim).
  const std::vector<float>& to(std::size_t i) {
    if (!units_.is_known[i]) {
      std::fill(to_one_.begin(), to_one_.end(), static_cast<float>(mean_));
      return to_one_;
    }
    models::blas::multiply_by_transposed(units_.size(), 1, units_.dim, units_.rows.data(), units_.row(i),
                                         to_one_.data());
    for (std::size_t j = 0; j < units_.size(); ++j) {
      if (!units_.is_known[j]) to_one_[j] = static_cast<float>(mean_);
    }
    return to_one_;
  }

 private:
  UnitVectors units_;
  std::vector<float> to_one_;
  double mean_ = 0;
};

std::string note_of_unknown(const CandidateList& list, const ItemFacts& items) {
  const std::size_t unknown = UnitVectors(list, items).unknown();
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
  Similarities similarities(list, context.items);
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
    const std::vector<float>& similar = similarities.to(best);
    for (std::size_t i = 0; i < list.size(); ++i)
      likeness[i] = chosen.empty() ? double{similar[i]} : std::max(likeness[i], double{similar[i]});
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
  Similarities similarities(list, context.items);
  std::vector<double> quality = scaled_scores(list);
  for (double& q : quality) q = std::exp(relevance_ * (q - 1));  // at most 1
  // Incremental Cholesky: a row of `factors`, over all items, per chosen item; gain[i] is what i would add.
  std::vector<std::vector<double>> factors;
  std::vector<double> gain(n);
  for (std::size_t i = 0; i < n; ++i) gain[i] = quality[i] * quality[i];
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
    const std::vector<float>& similar = similarities.to(best);
    std::vector<double> projected(n);
    for (std::size_t i = 0; i < n; ++i) projected[i] = quality[best] * quality[i] * (1 + double{similar[i]}) / 2;
    for (const std::vector<double>& row : factors) {
      const double pivot = row[best];
      for (std::size_t i = 0; i < n; ++i) projected[i] -= pivot * row[i];
    }
    for (std::size_t i = 0; i < n; ++i) {
      projected[i] /= root;
      gain[i] -= projected[i] * projected[i];
    }
    factors.push_back(std::move(projected));
  }
  reorder(list, chosen);
}

std::string DppRule::note(const CandidateList& list, const RuleContext& context) const {
  return note_of_unknown(list, context.items);
}

double intra_list_diversity(const CandidateList& list, const ItemFacts& items, std::size_t k) {
  const CandidateList head(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(std::min(k, list.size())));
  if (head.size() < 2) return 0;
  const UnitVectors units(head, items);
  double sum = 0;
  for (std::size_t i = 0; i < head.size(); ++i) {
    for (std::size_t j = i + 1; j < head.size(); ++j)
      sum += 1 - double{models::blas::dot(units.dim, units.row(i), units.row(j))};
  }
  return sum / (static_cast<double>(head.size() * (head.size() - 1)) / 2);
}

}  // namespace tamis::ranker
