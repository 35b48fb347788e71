// TrainControl: how a training run reports and how it is stopped.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

#include "common/status.h"

namespace tamis::models {

struct TrainControl {
  std::uint32_t threads = 1;
  std::function<void(double progress, std::string_view detail)> report = {};  // progress in 0..1; may be empty
  const std::atomic<bool>* cancelled = nullptr;                               // may be null

  void progress(double fraction, std::string_view detail) const {
    if (report) report(fraction, detail);
  }
  // unavailable once cancelled; training returns it.
  Status check() const {
    if (cancelled != nullptr && cancelled->load(std::memory_order_relaxed))
      return Status::unavailable("training was cancelled");
    return Status::ok();
  }
};

}  // namespace tamis::models
