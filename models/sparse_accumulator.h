// SparseAccumulator: sums of scores by id where few of many ids are touched.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "models/scored_id.h"

namespace tamis::models {

// A dense array of sums, the list of touched ids and, to keep both ready for the next use, a reset that costs only what
// was touched. Externally synchronised; keep one per thread.
class SparseAccumulator {
 public:
  struct Sum {
    float total = 0;
    std::uint32_t count = 0;  // additions
  };

  // Forgets everything and accepts ids below `size`.
  void reset(std::size_t size) {
    for (const std::uint32_t id : touched_) sums_[id] = {};
    touched_.clear();
    if (sums_.size() < size) sums_.resize(size);
  }
  void add(std::uint32_t id, float amount) {
    Sum& sum = sums_[id];
    if (sum.count++ == 0) touched_.push_back(id);
    sum.total += amount;
  }
  std::span<const std::uint32_t> touched() const { return touched_; }
  const Sum& operator[](std::uint32_t id) const { return sums_[id]; }

  // The best k sums above 0, of the ids that `accepts` lets pass; empty: all.
  std::vector<ScoredId> best(std::size_t k, const std::function<bool(std::uint32_t)>& accepts = {}) const {
    TopK top(k);
    for (const std::uint32_t id : touched_) {
      const float total = sums_[id].total;
      if (total > 0 && top.may_enter(total) && (!accepts || accepts(id))) top.push({id, total});
    }
    return top.take();
  }

 private:
  std::vector<Sum> sums_;
  std::vector<std::uint32_t> touched_;
};

}  // namespace tamis::models
