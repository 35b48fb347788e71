// Checks that several encoders make of their file's description.
#pragma once

#include "common/status.h"
#include "models/encoder.h"

namespace tamis::models {

// invalid_argument where the metric is not `dot`.
Status expect_dot(const EncoderShape& shape);

}  // namespace tamis::models
