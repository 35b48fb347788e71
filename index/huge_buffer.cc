#include "index/huge_buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace tamis::index {
namespace {

constexpr std::size_t kHugePageBytes = 2U << 20;

}  // namespace

HugeBuffer::HugeBuffer(std::size_t size_bytes) : size_bytes_(size_bytes) {
  if (size_bytes == 0) return;
  const bool huge = size_bytes >= kHugePageBytes;
  const std::size_t alignment = huge ? kHugePageBytes : kLineBytes;
  const std::size_t allocated_bytes = round_up(size_bytes, alignment);
  void* memory = std::aligned_alloc(alignment, allocated_bytes);
  if (memory == nullptr) throw std::bad_alloc();
  if (huge) madvise(memory, allocated_bytes, MADV_HUGEPAGE);  // a wish: where it is refused, small pages serve
  data_.reset(static_cast<std::uint8_t*>(memory));
}

void HugeBuffer::Free::operator()(std::uint8_t* data) const { std::free(data); }

}  // namespace tamis::index
