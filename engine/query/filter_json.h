// Filters as members of larger documents (a funnel's "filter").
#pragma once

#include <string_view>

#include "common/filter.h"
#include "engine/query/strict_json.h"

namespace tamis::engine {

// Reads the filter at `pointer` of a document. Errors as parse_filter().
Result<Filter> read_filter(const Json& value, std::string_view pointer);
// REQUIRES: validate_filter(filter) is ok.
Json filter_json(const Filter& filter);

}  // namespace tamis::engine
