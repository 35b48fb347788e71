// LoopLoad: whether an I/O thread is so far behind that a request that comes now would wait long for its turn.
//
// The thread's ticks tell. A tick that is due and has not run waits behind what became ready before it, as the next
// request does. Used on its I/O thread only.
#pragma once

#include <chrono>
#include <cstdint>

namespace tamis::server {

class LoopLoad {
 public:
  using Clock = std::chrono::steady_clock;

  // A tick ran; the next one is due then.
  void on_tick(Clock::time_point next_due) {
    due_ = next_due;
    requests_ = 0;
  }
  // Counts a request; true where it comes to a thread that is behind by more than `limit` (0: there is none). A thread
  // that the system kept from running is late, too, but has answered few requests since.
  bool is_behind(std::chrono::milliseconds limit) {
    return ++requests_ > kFewest && limit.count() > 0 && Clock::now() - due_ > limit;
  }

 private:
  static constexpr std::uint32_t kFewest = 32;

  Clock::time_point due_ = Clock::time_point::max();
  std::uint32_t requests_ = 0;  // since the last tick
};

}  // namespace tamis::server
