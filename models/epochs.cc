#include "models/epochs.h"

#include <chrono>
#include <cstdio>

namespace tamis::models {

ModelOption time_limit_option() {
  return number_option("max_train_s", 0, 0, 1e9,
                       "training stops after so many seconds of its thread's own time; 0: never");
}

Status run_epochs(std::uint32_t epochs, const TimeLimit& limit, const TrainControl& control,
                  const std::function<Result<double>(std::uint32_t index)>& epoch,
                  const std::function<void(std::uint32_t number, double loss)>& done) {
  for (std::uint32_t index = 0; index < epochs && !limit.is_over(); ++index) {
    const auto start = std::chrono::steady_clock::now();
    TAMIS_ASSIGN_OR_RETURN(const double loss, epoch(index));
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    char detail[96];
    std::snprintf(detail, sizeof detail, "epoch %u: loss %.4f, %.1f s", index + 1, loss, seconds);
    control.progress(static_cast<double>(index + 1) / epochs, detail);
    if (done) done(index + 1, loss);
  }
  return Status::ok();
}

}  // namespace tamis::models
