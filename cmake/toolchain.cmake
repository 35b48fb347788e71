# How everything is compiled: caches, linker, warnings, instruction set, sanitizers.
# ccache hits across checkouts and build folders: paths are hashed relative to the source tree. It needs the sloppiness to
# cache what includes a precompiled header, and a precompiled header without a timestamp to find it again.
find_program(CCACHE ccache)
if(CCACHE)
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
    add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang -fno-pch-timestamp>")
  else()
    add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-fpch-preprocess>)
  endif()
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# Files of one library are compiled several at a time: headers are parsed once for all of them, which halves a cold build.
# Off, one file is compiled alone, which shows what it forgets to include and is quicker after a change to it.
option(TAMIS_UNITY "compile several files of a library at a time" ON)
set(CMAKE_UNITY_BUILD ${TAMIS_UNITY})
set(CMAKE_UNITY_BUILD_BATCH_SIZE 16)

add_library(tamis_flags INTERFACE)
target_compile_options(tamis_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror)
target_include_directories(tamis_flags INTERFACE ${PROJECT_SOURCE_DIR})
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  target_compile_options(tamis_flags INTERFACE -Wthread-safety
    # Files that are compiled together shadow names of each other; preset dev sees each alone.
    $<$<BOOL:${TAMIS_UNITY}>:-Wno-shadow>)
else()
  # GCC 12 reports these falsely through inlined library code (GCC bugs 105329, 105562, 107852).
  target_compile_options(tamis_flags INTERFACE -Wno-restrict -Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow
    # It takes an included .cc for a header, whose classes must not hold what is in an anonymous namespace.
    $<$<BOOL:${TAMIS_UNITY}>:-Wno-subobject-linkage>)
endif()

# The binary runs on every x86-64-v3 machine (Haswell, 2013, and later); kernels above that are chosen at run time (Highway).
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  add_compile_options(-march=x86-64-v3)
endif()

if(TAMIS_SANITIZE)
  add_compile_options(-fsanitize=${TAMIS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${TAMIS_SANITIZE})
  if(TAMIS_SANITIZE MATCHES address)
    add_compile_definitions(TAMIS_ASAN)
  endif()
  if(TAMIS_SANITIZE MATCHES thread)
    add_compile_definitions(TAMIS_TSAN)
  endif()
endif()
if(TAMIS_COVERAGE)
  add_compile_options(-fprofile-instr-generate -fcoverage-mapping)
  add_link_options(-fprofile-instr-generate)
endif()
if(TAMIS_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)  # coverage that libFuzzer steers by
endif()
