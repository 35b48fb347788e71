#include "models/encoder.h"

#include <algorithm>
#include <cmath>

namespace tamis::models {

Status Encoder::embed_item(const Features& /*features*/, std::span<float> /*out*/) const {
  return Status::failed_precondition(shape_.name + " does not embed items that it was not trained on");
}

Result<std::vector<float>> Encoder::embed_items(std::span<const Features* const> items) const {
  std::vector<float> vectors(items.size() * shape_.dim, 0.0F);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto out = std::span(vectors).subspan(i * shape_.dim, shape_.dim);
    if (!embed_item(*items[i], out).is_ok()) std::fill(out.begin(), out.end(), 0.0F);
  }
  return vectors;
}

Status Encoder::embed_text(std::string_view /*text*/, std::span<float> /*out*/) const {
  return Status::failed_precondition(shape_.name + " does not embed texts");
}

Status Encoder::refit_item(std::span<const float> /*users*/, std::span<const float> /*weights*/,
                           std::span<float> /*out*/) const {
  return Status::failed_precondition(shape_.name + " does not refit items");
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
