// What option structs refuse.
#pragma once

#include <string>

#include "common/status.h"

namespace tamis::models {

// invalid_argument at `field` where it does not hold.
inline Status require(bool holds, const char* field, const std::string& value, const char* expected) {
  if (holds) return Status::ok();
  return Status::invalid_argument(std::string(field) + " is " + value + ", expected " + expected).at_field(field);
}
inline Status require(bool holds, const char* field, double value, const char* expected) {
  return require(holds, field, std::to_string(value), expected);
}

}  // namespace tamis::models
