// The moment that a feature tells: a listing date, whatever kind of value it was stored as.
#pragma once

#include <optional>
#include <string_view>

#include "common/feature.h"

namespace tamis {

// A timestamp is a time. So are a number that reads as Unix seconds or as Unix milliseconds of the years 1973 to 5138
// (1e8 to 1e11 are seconds, 1e11 to 1e14 milliseconds) and a text in RFC 3339, whose time of day may be missing
// ("2024-05-01": midnight UTC). Anything else is none: a year, 20240501, a boolean.
std::optional<TimestampMs> time_of(const FeatureValue& value);

// The time of the field, or none: the field is absent or holds no time.
std::optional<TimestampMs> find_time(const Features& features, std::string_view field);

}  // namespace tamis
