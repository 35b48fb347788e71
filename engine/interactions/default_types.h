// The interaction types that every database knows until it is told otherwise (docs/interactions.md has the table).
#pragma once

#include <span>

#include "engine/interaction_type.h"

namespace tamis::engine {

// By name; is_declared is set.
std::span<const InteractionType> default_interaction_types();

}  // namespace tamis::engine
