#include "storage/storable.h"

#include <cmath>
#include <string>

#include "common/record_checks.h"

namespace tamis::storage {
namespace {

Status not_finite(const std::string& field) {
  return Status::invalid_argument(field + " is not a finite number").at_field(field);
}

Status check_numbers(const Features& features, const std::string& field) {
  for (const auto& [name, value] : features) {
    const auto* number = std::get_if<double>(&value);
    if (number != nullptr && !std::isfinite(*number)) return not_finite(field + "." + name);
  }
  return Status::ok();
}

struct Checker {
  Status operator()(const PutInteraction& put) const {
    if (put.interaction.value && !std::isfinite(*put.interaction.value)) return not_finite("value");
    return check_numbers(put.interaction.context, "context");
  }
  Status operator()(const PutEntity& put) const { return check_numbers(put.entity.features, "features"); }
  Status operator()(const PatchEntity& patch) const { return check_numbers(patch.features, "features"); }
  Status operator()(const PutVector& put) const {
    for (std::size_t i = 0; i < put.vector.size(); ++i) {
      if (!std::isfinite(put.vector[i])) return not_finite("vector[" + std::to_string(i) + "]");
    }
    return Status::ok();
  }
  Status operator()(const PutSpace& put) const { return check_space_shape(put.space); }
  template <typename Other>
  Status operator()(const Other&) const {
    return Status::ok();
  }
};

}  // namespace

Status check_storable(const Mutation& mutation) { return std::visit(Checker{}, mutation); }

}  // namespace tamis::storage
