# Most of what a file parses is the standard library, and in a test GoogleTest: each is parsed once for all targets.
file(WRITE ${CMAKE_BINARY_DIR}/precompiled/empty.cc "")
add_library(tamis_precompiled_std OBJECT ${CMAKE_BINARY_DIR}/precompiled/empty.cc)
target_link_libraries(tamis_precompiled_std PRIVATE tamis_flags)
target_precompile_headers(tamis_precompiled_std PRIVATE <algorithm> <array> <atomic> <chrono> <cmath> <cstdint> <cstring> <filesystem>
  <functional> <limits> <map> <memory> <mutex> <optional> <set> <span> <string> <string_view> <thread> <unordered_map> <variant> <vector>)
if(TAMIS_TESTS)
  set(TAMIS_TEST_FLAGS $<$<CONFIG:RelWithDebInfo>:-O1>)  # of the test's own code: what is tested keeps its flags
  add_library(tamis_precompiled_test OBJECT ${CMAKE_BINARY_DIR}/precompiled/empty.cc)
  target_link_libraries(tamis_precompiled_test PRIVATE tamis_flags GTest::gmock)
  target_compile_options(tamis_precompiled_test PRIVATE ${TAMIS_TEST_FLAGS})
  target_precompile_headers(tamis_precompiled_test PRIVATE <gmock/gmock.h> <gtest/gtest.h> <algorithm> <atomic> <chrono> <filesystem>
    <functional> <map> <memory> <mutex> <optional> <set> <span> <string> <string_view> <thread> <variant> <vector>)
endif()

# tamis_library(name [SOURCES ...] [PUBLIC targets...] [PRIVATE targets...] [OWN_PRECOMPILED])
# The library of one folder. SOURCES default to every .cc of the folder. OWN_PRECOMPILED: it names its precompiled headers itself.
function(tamis_library name)
  cmake_parse_arguments(LIB "OWN_PRECOMPILED" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  if(NOT LIB_SOURCES)
    file(GLOB_RECURSE LIB_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  endif()
  if(NOT LIB_SOURCES)  # headers only
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE tamis_flags ${LIB_PUBLIC} ${LIB_PRIVATE})
    return()
  endif()
  add_library(${name} STATIC ${LIB_SOURCES})
  target_link_libraries(${name} PUBLIC tamis_flags ${LIB_PUBLIC} PRIVATE ${LIB_PRIVATE})
  if(NOT LIB_OWN_PRECOMPILED)
    target_precompile_headers(${name} REUSE_FROM tamis_precompiled_std)
  endif()
endfunction()

# tamis_test(name LABEL fast|slow|nightly SOURCES ... [APART ...] LIBRARIES ... [TIMEOUT s] [ENVIRONMENT K=V...])
# APART: sources that are compiled alone, since they call things as another source of the test does. One GoogleTest executable, registered with CTest under the label. The target `fast_tests` builds those of the fast suite.
add_custom_target(fast_tests)
function(tamis_test name)
  cmake_parse_arguments(TEST "" "LABEL;TIMEOUT" "SOURCES;APART;LIBRARIES;ENVIRONMENT" ${ARGN})
  add_executable(${name} ${TEST_SOURCES} ${TEST_APART})
  if(TEST_APART)
    set_source_files_properties(${TEST_APART} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
  target_link_libraries(${name} PRIVATE ${TEST_LIBRARIES} GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${TAMIS_TEST_FLAGS})
  target_precompile_headers(${name} REUSE_FROM tamis_precompiled_test)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  if(TEST_LABEL STREQUAL fast)
    add_dependencies(fast_tests ${name})
  endif()
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 120)
  endif()
  if(TAMIS_SANITIZE)
    math(EXPR TEST_TIMEOUT "${TEST_TIMEOUT} * 10")  # threads are watched at five to twenty times the cost
  endif()
  find_program(LLVM_SYMBOLIZER llvm-symbolizer-16)  # so that sanitizers name functions
  set_tests_properties(${name} PROPERTIES LABELS ${TEST_LABEL} TIMEOUT ${TEST_TIMEOUT}
    ENVIRONMENT "${TEST_ENVIRONMENT};ASAN_SYMBOLIZER_PATH=${LLVM_SYMBOLIZER};LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lsan.supp;TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp:external_symbolizer_path=${LLVM_SYMBOLIZER}")
endfunction()
