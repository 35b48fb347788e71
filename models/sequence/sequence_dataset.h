// SequenceDataset: sequences of items to learn from and held-out actions to predict, whatever file they came from.
#pragma once

#include <cstdint>
#include <vector>

namespace tamis::models {

using Sequences = std::vector<std::vector<std::uint32_t>>;  // items, oldest first

// What a user had done, and what is to be predicted from it.
struct HeldOutAction {
  std::vector<std::uint32_t> history;   // oldest first
  std::vector<std::uint32_t> relevant;  // ascending, unique, not empty
};

// A value type. Items are dense: 0 .. item_ids.size() - 1, in the order of their numbers in the file.
struct SequenceDataset {
  std::vector<std::uint64_t> item_ids;
  Sequences train;
  std::vector<HeldOutAction> validation;  // for early stopping and tuning
  std::vector<HeldOutAction> test;

  std::uint32_t items() const { return static_cast<std::uint32_t>(item_ids.size()); }
};

}  // namespace tamis::models
