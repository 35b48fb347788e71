// The passes of a Linear layer over a batch that threads share: the same bits for any number of them.
#pragma once

#include "common/status.h"
#include "models/nn/linear.h"
#include "models/train_control.h"

namespace tamis::models::nn {

// x [rows, in] -> y [rows, out].
Status forward_shared(const Linear& linear, const Parameters& parameters, std::size_t rows, const float* x, float* y,
                      const TrainControl& control);
// dy [rows, out] -> dx [rows, in], overwritten; null where not wanted. Adds to `gradients`.
Status backward_shared(const Linear& linear, const Parameters& parameters, std::size_t rows, const float* x,
                       const float* dy, float* dx, Gradients& gradients, const TrainControl& control);

}  // namespace tamis::models::nn
