#include "models/encoder.h"

#include <algorithm>
#include <cmath>

namespace tamis::models {

Status Encoder::embed_item(const Features& /*features*/, std::span<float> /*out*/) const {
  return Status::failed_precondition(shape_.name + " does not embed items that it was not trained on");
}

bool Encoder::explain(const UserInput& /*user*/, std::uint32_t /*item*/, std::span<double> /*shares*/) const {
  return false;
}

Result<std::vector<float>> read_finite(const TensorReader& tensors, const std::string& name, const TensorShape& shape) {
  TAMIS_ASSIGN_OR_RETURN(std::vector<float> values, tensors.read<float>(name, shape));
  const auto bad = std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  if (bad == values.end()) return values;
  const std::string at = name + "[" + std::to_string(bad - values.begin()) + "]";
  return Status::corruption(at + " is " + std::to_string(*bad) + ", expected a finite number").at_field(name);
}

}  // namespace tamis::models
