// Where the public data sets lie that slow tests train on: TAMIS_DATA, else ../shared/data beside the sources.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace tamis::models {

inline std::filesystem::path data_directory() {
  const char* data = std::getenv("TAMIS_DATA");
  return data != nullptr ? data : std::filesystem::path(TAMIS_SOURCE_DIR) / ".." / "shared" / "data";
}

}  // namespace tamis::models

// Skips the test of the calling SetUp() where `file`, a path within data_directory(), is absent.
#define TAMIS_SKIP_WITHOUT(file)                                          \
  if (!std::filesystem::exists(tamis::models::data_directory() / (file))) \
  GTEST_SKIP() << "no " << (tamis::models::data_directory() / (file)).string() << "; set TAMIS_DATA"
