// RatingScales: how the ratings of each type spread in a database, so that those of one user can be compared.
#pragma once

#include <map>
#include <string>

#include "models/value_scale.h"

namespace tamis::engine {

// By the name of the interaction type, as events have it; types without ratings have none.
using RatingScales = std::map<std::string, models::ValueScale, std::less<>>;

}  // namespace tamis::engine
