#include "models/ease/sparse_ease.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "models/blas.h"
#include "models/parallel.h"
#include "models/sparse_accumulator.h"

namespace tamis::models {
namespace {

constexpr std::size_t kSparseEaseRowsPerBlock = 32;
constexpr std::ptrdiff_t kMostEntriesPerCandidate = 10;

struct GramEntry {
  std::uint32_t item = 0;
  float value = 0;
};

// What is kept of a row of G beside the diagonal.
struct GramRow {
  std::vector<GramEntry> entries;  // first the candidates, then others, each by item
  std::size_t candidates = 0;
  bool is_whole = false;     // nothing but zeros is left out
  float regularization = 0;  // of this item's weight
};

class SparseEaseTrainer {
 public:
  SparseEaseTrainer(InteractionMatrix by_user, const EaseOptions& options)
      : options_(options), by_user_(std::move(by_user)) {
    for (float& weight : by_user_.weight) weight = ease_entry(weight, options_.disliked_weight);
    by_item_ = by_user_.transpose();
    sum_.resize(items());
    diagonal_.resize(items());
    for (std::uint32_t item = 0; item < items(); ++item) {
      for (const float entry : by_item_.row_weights(item)) {
        sum_[item] += entry;
        diagonal_[item] += entry * entry;
      }
    }
  }

  Status fill_gram(const TrainControl& control) {
    gram_.resize(items());
    return parallel_blocks(control, items(), kSparseEaseRowsPerBlock, [&](std::size_t begin, std::size_t end) {
      thread_local SparseAccumulator sums;
      for (std::size_t item = begin; item < end; ++item) {
        const auto row = static_cast<std::uint32_t>(item);
        multiply_row(row, sums);
        keep_row(row, sums);
      }
    });
  }

  Status solve(const TrainControl& control) {
    offsets_ = {0};
    for (const GramRow& row : gram_) offsets_.push_back(offsets_.back() + row.candidates);
    solution_.resize(offsets_.back());
    std::atomic<bool> is_singular = false;
    TAMIS_RETURN_IF_ERROR(
        parallel_blocks(control, items(), kSparseEaseRowsPerBlock, [&](std::size_t begin, std::size_t end) {
          thread_local std::vector<std::uint32_t> place;  // all 0 between uses
          if (place.size() < items()) place.resize(items());
          std::vector<float> system;
          for (std::size_t item = begin; item < end; ++item) {
            if (!solve_item(static_cast<std::uint32_t>(item), place, system)) is_singular = true;
          }
        }));
    if (is_singular) {
      return Status::failed_precondition("ease's equations are singular in single precision: raise `regularization`");
    }
    return Status::ok();
  }

  // The solutions are columns of B.
  SparseRows rows() const {
    SparseRows rows;
    rows.offsets.assign(std::size_t{items()} + 1, 0);
    for (const GramRow& row : gram_) {
      for (const GramEntry& candidate : candidates_of(row)) ++rows.offsets[candidate.item + 1];
    }
    for (std::size_t item = 0; item < items(); ++item) rows.offsets[item + 1] += rows.offsets[item];
    rows.column.resize(rows.offsets.back());
    rows.weight.resize(rows.offsets.back());
    std::vector<std::uint64_t> next(rows.offsets.begin(), rows.offsets.end() - 1);
    auto weight = solution_.begin();
    for (std::uint32_t item = 0; item < items(); ++item) {
      for (const GramEntry& candidate : candidates_of(gram_[item])) {
        const std::uint64_t at = next[candidate.item]++;
        rows.column[at] = item;
        rows.weight[at] = *weight++;
      }
    }
    return rows;
  }

 private:
  std::uint32_t items() const { return by_user_.columns; }
  static std::span<const GramEntry> candidates_of(const GramRow& row) {
    return std::span(row.entries).first(row.candidates);
  }
  // An entry of G between items that have nothing to do with each other.
  float expected(std::uint32_t a, std::uint32_t b) const {
    return sum_[a] * sum_[b] / static_cast<float>(by_user_.rows);
  }

  void multiply_row(std::uint32_t item, SparseAccumulator& sums) const {
    sums.reset(items());
    const auto users = by_item_.row_columns(item);
    const auto own = by_item_.row_weights(item);
    for (std::size_t u = 0; u < users.size(); ++u) {
      const auto others = by_user_.row_columns(users[u]);
      const auto entries = by_user_.row_weights(users[u]);
      for (std::size_t o = 0; o < others.size(); ++o) sums.add(others[o], own[u] * entries[o]);
    }
  }

  // Chooses the candidates of the item, and the other entries to keep: those that differ most from the expected ones.
  void keep_row(std::uint32_t item, const SparseAccumulator& sums) {
    struct Found {
      GramEntry entry;
      float gain = 0;    // the square root of what the other item alone lowers the loss by
      float excess = 0;  // beside the expected entry
    };
    const auto lambda = static_cast<float>(options_.regularization);
    std::vector<Found> found;
    for (const std::uint32_t other : sums.touched()) {
      const float value = sums[other].total;
      if (other == item || value == 0) continue;
      found.push_back({.entry = {other, value},
                       .gain = std::fabs(value) / std::sqrt(diagonal_[other] + lambda),
                       .excess = std::fabs(value - expected(item, other))});
    }
    const std::ptrdiff_t limit = options_.candidates;
    const auto candidates_end = found.begin() + std::min(limit, std::ssize(found));
    std::nth_element(found.begin(), candidates_end, found.end(), [](const Found& a, const Found& b) {
      return a.gain != b.gain ? a.gain > b.gain : a.entry.item < b.entry.item;
    });
    // Errors in the entries of a symmetric matrix of size n move its eigenvalues by at most about 2 sqrt(n) times their
    // root mean square (Wigner). Beside the regularisation this is to be small.
    const float noise_factor = 2 * std::sqrt(static_cast<float>(options_.candidates));
    const std::ptrdiff_t relevant = std::count_if(
        candidates_end, found.end(), [&](const Found& other) { return noise_factor * other.excess > lambda; });
    const auto kept_end = candidates_end + std::min(std::clamp(relevant, limit, (kMostEntriesPerCandidate - 1) * limit),
                                                    found.end() - candidates_end);
    std::nth_element(candidates_end, kept_end, found.end(), [](const Found& a, const Found& b) {
      return a.excess != b.excess ? a.excess > b.excess : a.entry.item < b.entry.item;
    });
    const auto by_item = [](const Found& a, const Found& b) { return a.entry.item < b.entry.item; };
    std::sort(found.begin(), candidates_end, by_item);
    std::sort(candidates_end, kept_end, by_item);
    double squares = 0;
    for (auto other = kept_end; other != found.end(); ++other) squares += double{other->excess} * other->excess;
    const auto noise = noise_factor * static_cast<float>(std::sqrt(squares / items()));
    GramRow& row = gram_[item];
    row.candidates = static_cast<std::size_t>(candidates_end - found.begin());
    row.is_whole = kept_end == found.end();
    row.regularization = std::max(lambda, noise);
    row.entries.reserve(static_cast<std::size_t>(kept_end - found.begin()));
    for (auto kept = found.begin(); kept != kept_end; ++kept) row.entries.push_back(kept->entry);
  }

  // `place` [>= items] is 0 before and after. False where the equations are singular.
  bool solve_item(std::uint32_t item, std::vector<std::uint32_t>& place, std::vector<float>& system) {
    const auto candidates = candidates_of(gram_[item]);
    if (candidates.empty()) return true;
    float* rhs = solution_.data() + offsets_[item];
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      place[candidates[c].item] = static_cast<std::uint32_t>(c + 1);
      rhs[c] = candidates[c].value;
    }
    fill_system(candidates, place, system);
    for (const GramEntry& candidate : candidates) place[candidate.item] = 0;
    return blas::solve_positive_definite(candidates.size(), system.data(), rhs);
  }

  // The lower triangle of G_CC + lambda I. Of an entry that neither row keeps, the expected value.
  void fill_system(std::span<const GramEntry> candidates, const std::vector<std::uint32_t>& place,
                   std::vector<float>& system) const {
    const std::size_t n = candidates.size();
    system.assign(n * n, 0.0F);
    for (std::size_t c = 0; c < n; ++c) {
      const std::uint32_t item = candidates[c].item;
      system[c * n + c] = diagonal_[item] + gram_[item].regularization;
      if (gram_[item].is_whole) continue;
      for (std::size_t d = 0; d < c; ++d) {
        const std::uint32_t other = candidates[d].item;
        if (!gram_[other].is_whole) system[c * n + d] = expected(item, other);
      }
    }
    for (std::size_t c = 0; c < n; ++c) {
      for (const GramEntry& entry : gram_[candidates[c].item].entries) {
        if (place[entry.item] == 0) continue;
        const std::size_t d = place[entry.item] - 1;
        system[std::max(c, d) * n + std::min(c, d)] = entry.value;
      }
    }
  }

  const EaseOptions options_;
  InteractionMatrix by_user_;  // weights are the entries of X
  InteractionMatrix by_item_;
  std::vector<float> sum_;       // of the entries of each item
  std::vector<float> diagonal_;  // of G
  std::vector<GramRow> gram_;
  std::vector<std::uint64_t> offsets_;  // [items + 1], of the columns in solution_
  std::vector<float> solution_;
};

}  // namespace

Result<SparseRows> train_sparse_ease(const InteractionMatrix& interactions, const EaseOptions& options,
                                     const TrainControl& control) {
  try {
    const bool is_sampled = options.max_row_length > 0;
    SparseEaseTrainer trainer(is_sampled ? sample_rows(interactions, options.max_row_length) : interactions, options);
    TAMIS_RETURN_IF_ERROR(trainer.fill_gram(control));
    control.progress(0.3, "ease, solving for each of " + std::to_string(interactions.columns) + " items from its " +
                              std::to_string(options.candidates) + " candidates");
    TAMIS_RETURN_IF_ERROR(trainer.solve(control));
    SparseRows rows = trainer.rows();
    control.progress(1, "ease of " + std::to_string(interactions.columns) + " items, each from " +
                            std::to_string(options.candidates) + " candidates");
    return rows;
  } catch (const std::bad_alloc&) {
    return Status::resource_exhausted("no memory for ease of " + std::to_string(interactions.columns) +
                                      " items: lower `candidates`");
  }
}

}  // namespace tamis::models
