#include "engine/interaction_weight.h"

#include <cmath>

namespace tamis::engine {

bool is_rating_type(std::string_view type) { return type == "rating"; }

double interaction_type_weight(std::string_view type, const std::map<std::string, double>& type_weights) {
  // A handful of entries: comparing each is cheaper than making a key.
  for (const auto& [name, weight] : type_weights)
    if (name == type) return weight;
  return 1;
}

double interaction_weight_of(double type_weight, bool is_rating, double value) {
  if (!(value > 0) || !std::isfinite(value)) return 0;
  return is_rating ? type_weight * value : type_weight;
}

double interaction_weight(std::string_view type, double value, const std::map<std::string, double>& type_weights) {
  return interaction_weight_of(interaction_type_weight(type, type_weights), is_rating_type(type), value);
}

}  // namespace tamis::engine
