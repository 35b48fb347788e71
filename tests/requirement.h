// What a test needs of its machine: public data sets and programs. Where it is absent the test is skipped on a
// developer's machine and fails where TAMIS_REQUIRE_ALL is set, as `./test` sets it in continuous integration: there a
// test that never ran must not count as passed.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace tamis {

// TAMIS_DATA, or ../shared/data beside the sources.
inline std::filesystem::path data_directory() {
  const char* data = std::getenv("TAMIS_DATA");
  return data != nullptr ? data : std::filesystem::path(TAMIS_SOURCE_DIR) / ".." / "shared" / "data";
}

inline bool is_requirement_strict() { return std::getenv("TAMIS_REQUIRE_ALL") != nullptr; }

}  // namespace tamis

// In the body of a test or of SetUp(): leaves it where `present` is false.
#define TAMIS_REQUIRE(present, what)                                                                    \
  if (!(present)) {                                                                                     \
    if (tamis::is_requirement_strict()) FAIL() << (what) << " is absent, and TAMIS_REQUIRE_ALL is set"; \
    GTEST_SKIP() << (what) << " is absent";                                                             \
  }                                                                                                     \
  static_assert(true, "takes the semicolon")

// `file` is a path within data_directory().
#define TAMIS_REQUIRE_DATA(file)                                           \
  TAMIS_REQUIRE(std::filesystem::exists(tamis::data_directory() / (file)), \
                (tamis::data_directory() / (file)).string() + " (TAMIS_DATA)")
