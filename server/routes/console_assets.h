// The files of the console (console/), embedded in the binary by console_to_cc.py. Immutable; any thread.
#pragma once

#include <span>
#include <string_view>

namespace tamis::server {

struct ConsoleAsset {
  std::string_view path;  // below /console/: "index.html", "assets/app-1f2e3d.js"
  std::string_view content_type;
  std::string_view etag;  // of the plain bytes, without quotes
  std::string_view plain;
  std::string_view gzip;
};

// Empty in a build without the console.
std::span<const ConsoleAsset> console_assets();

}  // namespace tamis::server
