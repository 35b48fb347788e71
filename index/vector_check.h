// Which vectors an index takes: stored ones and queries. The database's door asks the same.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "common/status.h"

namespace tamis::index {

// The largest norm of a vector: it keeps every distance finite in 32-bit floats.
inline constexpr double kMaxNorm = 1e18;

// A query may be longer: the mean of the largest vectors is, by its rounding.
inline constexpr double kMaxQueryNorm = 2 * kMaxNorm;

// Has `dim` finite numbers and a norm of at most `max_norm`. invalid_argument, at the field `name` or `name[i]`.
Status check_vector(std::span<const float> vector, std::size_t dim, std::string_view name, double max_norm = kMaxNorm);

}  // namespace tamis::index
