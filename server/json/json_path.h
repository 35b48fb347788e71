// JsonPath: where in a document a value stands, kept as a chain on the stack and spelled out only when an error needs
// it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/status.h"

namespace tamis::server {

// REQUIRES: the parent and the name outlive the path. Plain data.
struct JsonPath {
  static constexpr std::size_t kNoIndex = static_cast<std::size_t>(-1);

  const JsonPath* parent = nullptr;
  std::string_view name;
  std::size_t index = kNoIndex;

  // "interactions[3].context.device"; empty for the document itself.
  std::string to_string() const;
};

// invalid_argument "<path> is <found>; expected <expected>", blamed on the path.
Status refuse(const JsonPath& path, std::string_view found, std::string_view expected);

}  // namespace tamis::server
