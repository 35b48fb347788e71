// Parallel loops for training and evaluation.
#pragma once

#include <cstddef>
#include <functional>

#include "common/status.h"
#include "models/train_control.h"

namespace tamis::models {

// Calls `body(begin, end)` for consecutive blocks of [0, count), `block` long but for the last, from control.threads
// threads (the calling one among them). Blocks do not depend on the number of threads, so a body that writes only to
// its own rows gives the same result with any. Stops early once cancelled (unavailable). An exception thrown by
// `body` comes back as resource_exhausted (out of memory) or internal. REQUIRES: block > 0.
Status parallel_blocks(const TrainControl& control, std::size_t count, std::size_t block,
                       const std::function<void(std::size_t begin, std::size_t end)>& body);

}  // namespace tamis::models
