#include "models/encoder_checks.h"

namespace tamis::models {

Status expect_dot(const EncoderShape& shape) {
  if (shape.metric == Metric::kDot) return Status::ok();
  return Status::invalid_argument("metric is " + std::string(metric_name(shape.metric)) + ", expected dot")
      .at_field("metric");
}

}  // namespace tamis::models
