// IdPages: from dense id to a value, by pages, so that ids near each other cost little and stray ones break nothing.
// Externally synchronised; concurrent reads are safe.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "common/ids.h"

namespace tamis::index {

template <typename T>
class IdPages {
 public:
  // Null where nothing was set near `id`; else the value, T{} where it was never set.
  const T* find(DenseId id) const {
    const std::size_t page = id / kPageIds;
    if (page >= pages_.size() || pages_[page] == nullptr) return nullptr;
    return &(*pages_[page])[id % kPageIds];
  }
  T& at(DenseId id) {
    const std::size_t page = id / kPageIds;
    if (page >= pages_.size()) pages_.resize(page + 1);
    if (pages_[page] == nullptr) pages_[page] = std::make_unique<Page>();
    return (*pages_[page])[id % kPageIds];
  }
  std::uint64_t memory_bytes() const {
    std::uint64_t bytes = pages_.capacity() * sizeof(void*);
    for (const auto& page : pages_) bytes += page != nullptr ? sizeof(Page) : 0;
    return bytes;
  }

 private:
  static constexpr std::size_t kPageIds = 4096;
  using Page = std::array<T, kPageIds>;
  std::vector<std::unique_ptr<Page>> pages_;
};

}  // namespace tamis::index
