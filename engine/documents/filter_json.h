// Filters as members of larger documents (a funnel's "filter").
#pragma once

#include <string_view>
#include <vector>

#include "common/filter.h"
#include "engine/documents/strict_json.h"

namespace tamis::engine {

// Reads the filter at `pointer` of a document and adds every fault of it to `faults`.
Filter read_filter(const Json& value, std::string_view pointer, std::vector<Status>* faults);
// REQUIRES: validate_filter(filter) is ok.
Json filter_json(const Filter& filter);
// The grammar as a JSON schema, which refers to itself as "#/$defs/filter".
Json filter_schema();

}  // namespace tamis::engine
