// SearchScratch: memory that searches reuse, one per thread, so that a query allocates next to nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "common/ids.h"

namespace tamis::index {

struct Candidate {
  float distance = 0;
  std::uint32_t row = 0;
};

// Which nodes a walk has seen: a bit each, so that the table of a million nodes fits the second-level cache.
class VisitedSet {
 public:
  void clear(std::uint32_t nodes) { words_.assign((std::size_t{nodes} + 63) / 64, 0); }
  // True where `node` was not in the set before.
  bool insert(std::uint32_t node) {
    std::uint64_t& word = words_[node / 64];
    const std::uint64_t bit = std::uint64_t{1} << (node % 64);
    const bool fresh = (word & bit) == 0;
    word |= bit;
    return fresh;
  }

 private:
  std::vector<std::uint64_t> words_;
};

// A hit across segments, before the best k are chosen.
struct Hit {
  float distance = 0;
  DenseId id = kNoDenseId;
};

struct SearchScratch {
  VisitedSet visited;
  std::vector<Candidate> pool;      // the walk's results, or its pool
  std::vector<Candidate> frontier;  // heap of nodes to expand
  std::vector<std::uint32_t> rows;  // a batch to be scored
  std::vector<float> distances;     // of the batch
  std::vector<Hit> hits;

  // The calling thread's. Not reentrant: a search uses it from beginning to end.
  static SearchScratch& local() {
    thread_local SearchScratch scratch;
    return scratch;
  }
};

}  // namespace tamis::index
