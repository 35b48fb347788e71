// How much one interaction counts: the one rule behind training, fold-in and the live counters, so that a user folded
// in at query time stands where training would have put them. An item's weight in a history is the sum over its
// interactions.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "engine/options.h"

namespace tamis::engine {

// The weight of an interaction of `type` with `value` (1 where it has none), from `type_weights`
// (DatabaseOptions::interaction_weights; an unlisted type weighs 1):
//   rating  type_weight * value: stars count as they are, and a rating of 0 or less teaches nothing;
//   others  type_weight for value > 0, and 0 for value <= 0 (a return is no sign of interest). Quantities and seconds
//           do not scale the weight: they have no unit that compares across items, and on the Online Retail data
//           growing with the logarithm of the quantity foresaw purchases slightly worse (docs/evaluation.md).
// At least 0; 0 means that learning ignores the interaction, which still counts as seen. Thread-safe.
double interaction_weight(std::string_view type, double value, const std::map<std::string, double>& type_weights);

// The same by the options of the database.
inline double interaction_weight(const DatabaseOptions& options, std::string_view type, double value) {
  return interaction_weight(type, value, options.interaction_weights);
}

// The same with the type's own weight at hand: for loops that looked it up before.
double interaction_weight_of(double type_weight, bool is_rating, double value);

// The weight of the type alone: what an interaction with value 1 counts.
double interaction_type_weight(std::string_view type, const std::map<std::string, double>& type_weights);

// Types whose value is a judgement, not a quantity: "rating".
bool is_rating_type(std::string_view type);

}  // namespace tamis::engine
