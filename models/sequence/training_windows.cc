#include "models/sequence/training_windows.h"

#include <algorithm>
#include <cstddef>

namespace tamis::models {

Sequences with_older_windows(const Sequences& sequences, std::size_t max_length) {
  Sequences windows = sequences;
  for (const std::vector<std::uint32_t>& sequence : sequences) {
    // Once lowered, `end` is where the targets begin that the windows so far have.
    for (std::size_t end = sequence.size(); end >= max_length + 2;) {
      end -= max_length;
      const std::size_t begin = end - std::min(end, max_length + 1);
      windows.emplace_back(sequence.begin() + static_cast<std::ptrdiff_t>(begin),
                           sequence.begin() + static_cast<std::ptrdiff_t>(end));
    }
  }
  return windows;
}

}  // namespace tamis::models
