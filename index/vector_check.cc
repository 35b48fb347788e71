#include "index/vector_check.h"

#include <cmath>
#include <string>

namespace tamis::index {

Status check_vector(std::span<const float> vector, std::size_t dim, std::string_view name, double max_norm) {
  if (vector.size() != dim) {
    return Status::invalid_argument(std::string(name) + " has " + std::to_string(vector.size()) +
                                    " numbers; expected the " + std::to_string(dim) + " of the space's dim")
        .at_field(std::string(name));
  }
  double norm2 = 0;
  for (std::size_t i = 0; i < vector.size(); ++i) {
    if (!std::isfinite(vector[i])) {
      return Status::invalid_argument(std::string(name) + "[" + std::to_string(i) + "] is not a finite number")
          .at_field(std::string(name) + "[" + std::to_string(i) + "]");
    }
    norm2 += double{vector[i]} * vector[i];
  }
  if (norm2 <= max_norm * max_norm) return Status::ok();
  char norm[32];
  char expected[32];
  std::snprintf(norm, sizeof norm, "%.3g", std::sqrt(norm2));
  std::snprintf(expected, sizeof expected, "%.3g", max_norm);
  return Status::invalid_argument(std::string(name) + " has a norm of " + norm + "; expected at most " + expected)
      .at_field(std::string(name));
}

}  // namespace tamis::index
