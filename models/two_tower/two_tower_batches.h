// What a two-tower model trains on: rows that predict a part of a user's history from the rest, and the candidate items
// that all rows of a step share.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/random.h"
#include "models/interaction_matrix.h"

namespace tamis::models {

// Cuts every history into parts at random: each part is the target of one row, the rest of the history its input. So
// an epoch predicts every interaction once, and none from itself.
class HoldOutRows {
 public:
  // share in (0, 1], max_targets > 0. `matrix` outlives this.
  HoldOutRows(const InteractionMatrix& matrix, double share, std::uint32_t max_targets);

  // Shuffles histories and rows anew.
  void shuffle(Random& random);
  std::size_t size() const { return rows_.size(); }
  std::uint32_t user(std::size_t row) const { return rows_[row].user; }
  std::span<const std::uint32_t> targets(std::size_t row) const;
  // What the row predicts from: at most `limit` items of the history beside the targets, a random choice.
  void history(std::size_t row, std::size_t limit, std::vector<std::uint32_t>& history) const;

 private:
  struct Part {
    std::uint32_t user = 0;
    std::uint32_t first = 0, count = 0;  // within the user's shuffled history
  };
  const InteractionMatrix& matrix_;
  std::vector<std::uint32_t> shuffled_;  // [nonzeros]: the histories, each shuffled within itself
  std::vector<Part> rows_;
};

// The distinct items that a step scores: its rows' targets, and uniform draws from the whole catalogue.
class Candidates {
 public:
  Candidates(const InteractionMatrix& matrix, std::uint32_t uniform);

  void clear();
  void add(std::uint32_t item);
  // Adds the uniform draws, or every item where there are at least as many draws as items.
  void add_uniform(Random& random);

  std::span<const std::uint32_t> items() const { return items_; }
  // The place of an item among the candidates, kAbsent where it is none.
  static constexpr std::uint32_t kAbsent = ~0U;
  std::uint32_t place(std::uint32_t item) const { return place_[item]; }
  bool complete() const { return items_.size() == place_.size(); }

  // -log of the probability that each candidate got into the set by `targets` draws by popularity and the uniform
  // draws (Yi et al. 2019, corrected for the mixture of Yang et al. 2020, doi:10.1145/3366424.3386195).
  std::vector<float> logit_offsets(std::size_t targets) const;

 private:
  std::uint32_t uniform_;
  std::vector<double> popularity_;  // share of all interactions, by item
  std::vector<std::uint32_t> place_;
  std::vector<std::uint32_t> items_;
};

// The places among `candidates` of a row's targets, and of what else the user has: known to be liked, hence no
// negative. Appends to both.
void split_candidates(const Candidates& candidates, std::span<const std::uint32_t> history,
                      std::span<const std::uint32_t> row_targets, std::vector<std::uint32_t>& targets,
                      std::vector<std::uint32_t>& ignored);

}  // namespace tamis::models
