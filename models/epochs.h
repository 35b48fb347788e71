// The outer loop that trainers share: epochs, their progress and their time.
#pragma once

#include <cstdint>
#include <functional>

#include "common/status.h"
#include "models/train_control.h"

namespace tamis::models {

// Calls `epoch(index)`, which gives the mean loss, `epochs` times; reports each with its loss and seconds, then calls
// `done(number, loss)`, which may be empty. Stops at the first error.
Status run_epochs(std::uint32_t epochs, const TrainControl& control,
                  const std::function<Result<double>(std::uint32_t index)>& epoch,
                  const std::function<void(std::uint32_t number, double loss)>& done);

}  // namespace tamis::models
