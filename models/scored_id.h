// ScoredId: a user or an item with its score, and the order of ranked lists.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace tamis::models {

struct ScoredId {
  std::uint32_t id = 0;
  float score = 0;
  bool operator==(const ScoredId&) const = default;
};

// Higher scores first, ties by lower id. REQUIRES: no NaN.
inline bool ranks_before(const ScoredId& a, const ScoredId& b) {
  return a.score != b.score ? a.score > b.score : a.id < b.id;
}

// Keeps the best k of the pushed candidates in a heap. Externally synchronised.
class TopK {
 public:
  explicit TopK(std::size_t k) : k_(k) {}

  void push(ScoredId candidate) {
    if (heap_.size() < k_) {
      heap_.push_back(candidate);
      std::push_heap(heap_.begin(), heap_.end(), ranks_before);
    } else if (k_ > 0 && ranks_before(candidate, heap_.front())) {
      std::pop_heap(heap_.begin(), heap_.end(), ranks_before);
      heap_.back() = candidate;
      std::push_heap(heap_.begin(), heap_.end(), ranks_before);
    }
  }
  // False where no candidate of this score can enter, whatever its id: the cheap test before push().
  bool may_enter(float score) const { return heap_.size() < k_ || (k_ > 0 && score >= heap_.front().score); }
  // Best first; leaves this empty.
  std::vector<ScoredId> take() {
    std::sort_heap(heap_.begin(), heap_.end(), ranks_before);
    return std::exchange(heap_, {});
  }

 private:
  std::size_t k_;
  std::vector<ScoredId> heap_;  // the worst kept on top
};

}  // namespace tamis::models
