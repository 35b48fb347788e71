// StampedArray: an array by dense id that empties in O(1), for per-query scratch over whole catalogues.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tamis::engine {

// Externally synchronised. Meant to be thread_local and reused: after it has grown it allocates nothing.
template <typename T>
class StampedArray {
 public:
  // Forgets every entry.
  void clear() {
    if (++stamp_ == 0) {  // wrapped: old stamps could come alive again
      slots_.assign(slots_.size(), Slot{});
      stamp_ = 1;
    }
  }
  bool contains(std::size_t index) const { return index < slots_.size() && slots_[index].stamp == stamp_; }
  // The entry, or null where it was not set since clear().
  T* find(std::size_t index) { return contains(index) ? &slots_[index].value : nullptr; }
  // The entry, value-initialised where it was not set since clear(). Other references are invalidated.
  T& operator[](std::size_t index) {
    if (index >= slots_.size()) slots_.resize(index + 1 + index / 2);
    Slot& slot = slots_[index];
    if (slot.stamp != stamp_) slot = Slot{stamp_, T{}};
    return slot.value;
  }

 private:
  struct Slot {
    std::uint32_t stamp = 0;
    T value{};
  };
  std::vector<Slot> slots_;
  std::uint32_t stamp_ = 1;
};

}  // namespace tamis::engine
