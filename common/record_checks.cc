#include "common/record_checks.h"

#include <cmath>
#include <string>

namespace tamis {
namespace {

Status fault(std::string_view field, const std::string& message) {
  return Status::invalid_argument(std::string(field) + " " + message).at_field(std::string(field));
}

}  // namespace

Status check_interaction_value(double value, std::string_view field) {
  if (!std::isfinite(value)) return fault(field, "is not a finite number");
  if (std::abs(value) <= kMaxInteractionValue) return Status::ok();
  char shown[32];
  std::snprintf(shown, sizeof shown, "%.6g", value);
  return fault(field, std::string("is ") + shown + "; expected -1e9 to 1e9");
}

Status check_timestamp(TimestampMs timestamp_ms, std::string_view field) {
  if (timestamp_ms >= kMinTimestampMs && timestamp_ms <= kMaxTimestampMs) return Status::ok();
  return fault(field, "is " + std::to_string(timestamp_ms) + " ms; expected a time in the years 0001 to 9999");
}

Status check_interaction_numbers(std::optional<double> value, TimestampMs timestamp_ms) {
  if (value) TAMIS_RETURN_IF_ERROR(check_interaction_value(*value, "value"));
  return check_timestamp(timestamp_ms, "timestamp");
}

Status check_space_shape(const Space& space) {
  if (space.dim < 1 || space.dim > kMaxDim) {
    return fault("dim", "is " + std::to_string(space.dim) + "; expected 1 to " + std::to_string(kMaxDim));
  }
  if (metric_name(space.metric) == "unknown") return fault("metric", "is unknown; expected dot, cosine or l2");
  if (quantization_name(space.quantization) == "unknown") {
    return fault("quantization", "is unknown; expected f32, f16 or int8");
  }
  if (!space.keep_f32 && space.quantization == Quantization::kF32) {
    return fault("keep_f32", "is false; expected true with the quantization f32, whose rows are the f32 rows");
  }
  return Status::ok();
}

}  // namespace tamis
