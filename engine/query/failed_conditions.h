// Which conditions of a filter an item does not meet.
#pragma once

#include <string_view>
#include <vector>

#include "common/filter.h"

namespace tamis::engine {

// The smallest parts of `filter` that explain why it does not hold: of an "all" those children that fail, taken apart
// in turn; an "any", a "not" or a comparison as a whole. Empty where it holds.
std::vector<Filter> failed_conditions(const Filter& filter, std::string_view id, const Features& features);

}  // namespace tamis::engine
