#include "models/two_tower/two_tower_batches.h"

#include <algorithm>
#include <cmath>

namespace tamis::models {
namespace {

template <typename Iterator>
void shuffle_range(Iterator begin, Iterator end, Random& random) {
  for (auto size = end - begin; size > 1; --size) {
    std::swap(begin[size - 1], begin[random.below(static_cast<std::uint32_t>(size))]);
  }
}

}  // namespace

HoldOutRows::HoldOutRows(const InteractionMatrix& matrix, double share, std::uint32_t max_targets)
    : matrix_(matrix), shuffled_(matrix.column) {
  for (std::uint32_t user = 0; user < matrix.rows; ++user) {
    const auto length = static_cast<std::uint32_t>(matrix.row_columns(user).size());
    const auto wanted = static_cast<std::uint32_t>(std::lround(share * length));
    const std::uint32_t part = std::clamp(wanted, 1U, max_targets);
    for (std::uint32_t first = 0; first < length; first += part) {
      rows_.push_back({user, first, std::min(part, length - first)});
    }
  }
}

void HoldOutRows::shuffle(Random& random) {
  for (std::uint32_t user = 0; user < matrix_.rows; ++user) {
    const auto begin = shuffled_.begin();
    shuffle_range(begin + static_cast<std::ptrdiff_t>(matrix_.offsets[user]),
                  begin + static_cast<std::ptrdiff_t>(matrix_.offsets[user + 1]), random);
  }
  shuffle_range(rows_.begin(), rows_.end(), random);
}

std::span<const std::uint32_t> HoldOutRows::targets(std::size_t row) const {
  const Part& part = rows_[row];
  return {shuffled_.data() + matrix_.offsets[part.user] + part.first, part.count};
}

void HoldOutRows::history(std::size_t row, std::size_t limit, std::vector<std::uint32_t>& history) const {
  const Part& part = rows_[row];
  const std::uint32_t* all = shuffled_.data() + matrix_.offsets[part.user];
  const std::size_t length = matrix_.row_columns(part.user).size();
  const std::size_t count = std::min(limit, length - part.count);
  history.clear();
  // The shuffled history is a ring: what follows the targets is as random a choice as any.
  for (std::size_t i = 0; i < count; ++i) history.push_back(all[(part.first + part.count + i) % length]);
}

Candidates::Candidates(const InteractionMatrix& matrix, std::uint32_t uniform)
    : uniform_(uniform), popularity_(matrix.columns, 0), place_(matrix.columns, kAbsent) {
  for (const std::uint32_t item : matrix.column) popularity_[item] += 1;
  for (double& share : popularity_) share /= static_cast<double>(std::max<std::size_t>(matrix.column.size(), 1));
}

void Candidates::clear() {
  for (const std::uint32_t item : items_) place_[item] = kAbsent;
  items_.clear();
}

void Candidates::add(std::uint32_t item) {
  if (place_[item] != kAbsent) return;
  place_[item] = static_cast<std::uint32_t>(items_.size());
  items_.push_back(item);
}

void Candidates::add_uniform(Random& random) {
  const auto catalogue = static_cast<std::uint32_t>(place_.size());
  if (uniform_ >= catalogue) {
    for (std::uint32_t item = 0; item < catalogue; ++item) add(item);
  } else {
    for (std::uint32_t draw = 0; draw < uniform_; ++draw) add(random.below(catalogue));
  }
}

std::vector<float> Candidates::logit_offsets(std::size_t targets) const {
  if (complete()) return std::vector<float>(items_.size(), 0.0F);
  const auto catalogue = static_cast<double>(place_.size());
  const double uniform_absent = uniform_ * std::log1p(-1 / catalogue);  // log of the chance to be in no draw
  std::vector<float> offsets;
  offsets.reserve(items_.size());
  for (const std::uint32_t item : items_) {
    const double share = std::min(popularity_[item], 0.999999);
    const double present = -std::expm1(static_cast<double>(targets) * std::log1p(-share) + uniform_absent);
    offsets.push_back(static_cast<float>(-std::log(present)));
  }
  return offsets;
}

void split_candidates(const Candidates& candidates, std::span<const std::uint32_t> history,
                      std::span<const std::uint32_t> row_targets, std::vector<std::uint32_t>& targets,
                      std::vector<std::uint32_t>& ignored) {
  for (const std::uint32_t item : row_targets) targets.push_back(candidates.place(item));
  for (const std::uint32_t item : history) {
    const std::uint32_t place = candidates.place(item);
    if (place == Candidates::kAbsent) continue;
    if (std::find(row_targets.begin(), row_targets.end(), item) == row_targets.end()) ignored.push_back(place);
  }
}

}  // namespace tamis::models
