// Whole numbers of JSON documents. The library's own conversion takes booleans, fractions and numbers out of range,
// too.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "common/status.h"

namespace tamis::engine {

// The member of an object as a T (an unsigned type). corruption naming the member and what it is. Throws the library's
// exception where the member is missing.
template <typename T>
Result<T> read_whole_number(const nlohmann::json& object, const char* member) {
  const nlohmann::json& value = object.at(member);
  if (value.is_number_unsigned() && value.get<std::uint64_t>() <= std::numeric_limits<T>::max()) return value.get<T>();
  return Status::corruption("\"" + std::string(member) + "\" is " + value.dump() +
                            "; expected a whole number from 0 to " + std::to_string(std::numeric_limits<T>::max()));
}

}  // namespace tamis::engine
