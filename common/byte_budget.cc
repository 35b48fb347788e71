#include "common/byte_budget.h"

namespace tamis {

Status ByteBudget::take(std::uint64_t bytes, std::uint64_t own_bytes) {
  std::uint64_t held = held_bytes();
  while (has_room(held, bytes, own_bytes)) {
    if (held_bytes_.compare_exchange_weak(held, held + bytes, std::memory_order_relaxed)) return Status::ok();
  }
  return refusal(held, bytes);
}

Status ByteBudget::check(std::uint64_t bytes, std::uint64_t own_bytes) const {
  const std::uint64_t held = held_bytes();
  return has_room(held, bytes, own_bytes) ? Status::ok() : refusal(held, bytes);
}

Status ByteBudget::refusal(std::uint64_t held, std::uint64_t bytes) const {
  return Status::unavailable(setting_ + ": " + part_ + " hold " + std::to_string(held) + " of " +
                             std::to_string(limit_bytes_) + " bytes and have no room for " + std::to_string(bytes) +
                             " more; retry shortly");
}

}  // namespace tamis
