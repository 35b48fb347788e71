// ByteBudget: how many bytes one part of the process may hold: bodies, streams, the commit queue. ByteHold: the share
// of one holder of it.
//
//   ByteHold hold(budget);
//   TAMIS_RETURN_IF_ERROR(hold.grow(part.size()));  // unavailable: names the part, the setting, bytes held and limit
//
// The budget never refuses its only holder. So one holder may take more than the whole budget while no other holds
// bytes. A budget is thread-safe. A hold is externally synchronised, must not outlive its budget, and gives its bytes
// back in its destructor.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "common/status.h"

namespace tamis {

class ByteBudget {
 public:
  // `setting` is the option's name as people configure it: "memory.request_bodies".
  ByteBudget(std::string part, std::string setting, std::uint64_t limit_bytes)
      : part_(std::move(part)), setting_(std::move(setting)), limit_bytes_(limit_bytes) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  const std::string& part() const { return part_; }  // "request_bodies", as in Stats::memory_parts
  std::uint64_t limit_bytes() const { return limit_bytes_; }
  std::uint64_t held_bytes() const { return held_bytes_.load(std::memory_order_relaxed); }

  // Takes `bytes` for a holder that holds `own_bytes`, or answers unavailable and takes nothing.
  Status take(std::uint64_t bytes, std::uint64_t own_bytes = 0);
  void give_back(std::uint64_t bytes) { held_bytes_.fetch_sub(bytes, std::memory_order_relaxed); }
  // What take() would answer now.
  Status check(std::uint64_t bytes, std::uint64_t own_bytes = 0) const;

 private:
  bool has_room(std::uint64_t held, std::uint64_t bytes, std::uint64_t own_bytes) const {
    return held == own_bytes || (held <= limit_bytes_ && bytes <= limit_bytes_ - held);
  }
  Status refusal(std::uint64_t held, std::uint64_t bytes) const;

  const std::string part_;
  const std::string setting_;
  const std::uint64_t limit_bytes_;
  std::atomic<std::uint64_t> held_bytes_{0};
};

class ByteHold {
 public:
  explicit ByteHold(ByteBudget& budget) : budget_(budget) {}
  ~ByteHold() { shrink_to(0); }
  ByteHold(const ByteHold&) = delete;
  ByteHold& operator=(const ByteHold&) = delete;

  Status grow(std::uint64_t bytes) {
    TAMIS_RETURN_IF_ERROR(budget_.take(bytes, bytes_));
    bytes_ += bytes;
    return Status::ok();
  }
  void shrink_to(std::uint64_t bytes) {
    if (bytes >= bytes_) return;
    budget_.give_back(bytes_ - bytes);
    bytes_ = bytes;
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  ByteBudget& budget_;
  std::uint64_t bytes_ = 0;
};

}  // namespace tamis
