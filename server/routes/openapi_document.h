// docs/openapi.yaml as JSON, compiled in. Thread-safe.
#pragma once

#include <string_view>

namespace tamis::server {

std::string_view openapi_document();

}  // namespace tamis::server
