// ArrivalRate: how fast a client sends its stream, over the last seconds that were spent waiting for it. Plain data.
#pragma once

#include <chrono>
#include <cstddef>

namespace tamis::server {

class ArrivalRate {
 public:
  using Duration = std::chrono::steady_clock::duration;
  static constexpr std::chrono::seconds kWindow{5};
  static constexpr double kLeastBytesPerSecond = 1'024;

  // `bytes` came after the client was waited for `waited`. Time that the server itself took does not count.
  void add(std::size_t bytes, Duration waited) {
    bytes_ += static_cast<double>(bytes);
    waited_ += waited;
    if (waited_ < kWindow) return;
    is_slow_ = bytes_ / std::chrono::duration<double>(waited_).count() < kLeastBytesPerSecond;
    bytes_ = 0;
    waited_ = Duration::zero();
  }
  // Whether the last whole window was slower than kLeastBytesPerSecond.
  bool is_slow() const { return is_slow_; }

 private:
  double bytes_ = 0;
  Duration waited_ = Duration::zero();
  bool is_slow_ = false;
};

}  // namespace tamis::server
