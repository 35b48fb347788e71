// RunControl: how a training run tells how far it is, and how it is stopped.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "models/train_control.h"

namespace tamis::engine {

// A value type; what it points to outlives the run.
struct RunControl {
  std::uint32_t threads = 1;
  // Progress over the whole run, 0..1, the stage ("load", "ials", ...) and its detail; may be empty.
  std::function<void(double progress, std::string_view stage, std::string_view detail)> report;
  const std::atomic<bool>* cancelled = nullptr;  // may be null
  // Receives what the run's report says beside its result; may be empty.
  std::function<void(const std::string& warning)> warn = {};

  // The control of one stage, whose 0..1 is [begin, end] of this one's.
  models::TrainControl stage(const std::string& name, double begin, double end) const;
  // The control of a part with stages of its own, named "<prefix><stage>".
  RunControl part(const std::string& prefix, double begin, double end) const;
  // unavailable once cancelled.
  Status check() const;
};

}  // namespace tamis::engine
