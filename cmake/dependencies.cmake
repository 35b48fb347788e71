# Every dependency is a Debian package; docs/dependencies.md says what each is for.
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

find_package(RocksDB REQUIRED)                                        # RocksDB::rocksdb-shared
find_package(Boost 1.81 REQUIRED)                                     # Boost::headers: Asio, Beast
find_package(simdjson REQUIRED)                                       # simdjson::simdjson
find_package(nlohmann_json REQUIRED)                                  # nlohmann_json::nlohmann_json
find_package(prometheus-cpp REQUIRED)                                 # prometheus-cpp::core
find_package(roaring REQUIRED)                                        # roaring::roaring
find_package(spdlog REQUIRED)                                         # spdlog::spdlog
find_package(CLI11 REQUIRED)                                          # CLI11::CLI11
find_package(tomlplusplus REQUIRED)                                   # tomlplusplus::tomlplusplus
find_package(OpenSSL REQUIRED)                                        # OpenSSL::SSL
find_package(ZLIB)
find_package(LibLZMA REQUIRED)                                        # LibLZMA::LibLZMA: .xz files
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)              # PkgConfig::ZSTD: .zst files
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy)                # PkgConfig::HWY
pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET openblas)         # PkgConfig::OPENBLAS
pkg_check_modules(UTF8PROC REQUIRED libutf8proc)                      # UTF8PROC_LINK_LIBRARIES: its flags are for Windows
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)          # PkgConfig::XXHASH

if(TAMIS_TESTS)
  find_package(GTest REQUIRED)                                        # GTest::gmock, GTest::gtest_main
endif()
if(TAMIS_BENCH)
  find_package(benchmark REQUIRED)                                    # benchmark::benchmark
endif()

# hnswlib is a header with no CMake configuration; index/ includes it in one translation unit.
find_path(HNSWLIB_INCLUDE_DIR hnswlib/hnswlib.h REQUIRED)
