// Checks that several encoders make of their file's description.
#pragma once

#include "common/status.h"
#include "models/encoder.h"

namespace tamis::models {

// invalid_argument where the metric is another one.
Status expect_metric(const EncoderShape& shape, Metric metric);
inline Status expect_dot(const EncoderShape& shape) { return expect_metric(shape, Metric::kDot); }

}  // namespace tamis::models
