#include "models/encoder_checks.h"

namespace tamis::models {

Status expect_metric(const EncoderShape& shape, Metric metric) {
  if (shape.metric == metric) return Status::ok();
  return Status::invalid_argument("metric is " + std::string(metric_name(shape.metric)) + ", expected " +
                                  std::string(metric_name(metric)))
      .at_field("metric");
}

}  // namespace tamis::models
