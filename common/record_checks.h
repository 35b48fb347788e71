// What every layer takes of the records of the data model. The door refuses what these refuse
// (engine/database/mutation_check.h); the layers behind it, which may meet rows of older versions, set such rows aside
// with the same functions.
//
// Errors: invalid_argument with the field. Thread-safe.
#pragma once

#include <optional>
#include <string_view>

#include "common/records.h"

namespace tamis {

// The largest value of an interaction, either way. Sums and products of such values stay finite in 32-bit floats, and a
// time that slipped into the column of values (1.7e9 and above) does not pass.
inline constexpr double kMaxInteractionValue = 1e9;

// Finite and within the bound.
Status check_interaction_value(double value, std::string_view field);

// In the years 0001 to 9999.
Status check_timestamp(TimestampMs timestamp_ms, std::string_view field);

// Both of an interaction.
Status check_interaction_numbers(std::optional<double> value, TimestampMs timestamp_ms);
// The same without the message: for loops over stored rows.
inline bool is_sound_interaction(std::optional<double> value, TimestampMs timestamp_ms) {
  const double number = value.value_or(1);
  return number >= -kMaxInteractionValue && number <= kMaxInteractionValue && timestamp_ms >= kMinTimestampMs &&
         timestamp_ms <= kMaxTimestampMs;
}

// The dim, metric and quantization of a space, and whether it may leave f32 rows on disk.
Status check_space_shape(const Space& space);

}  // namespace tamis
