// Reading a matrix of numbers from NumPy's file format (https://numpy.org/doc/stable/reference/generated/
// numpy.lib.format.html).
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "common/status.h"

namespace tamis::models {

struct NpyMatrix {
  std::uint64_t rows = 0;
  std::uint32_t columns = 0;
  std::vector<float> values;  // [rows, columns], row-major, finite
};

// The first `max_rows` rows of a two-dimensional array of little-endian f2, f4 or f8 in C order. Errors: not_found,
// io_error, invalid_argument (another format or number of dimensions, a value that is not finite), corruption (the file
// is shorter than its header tells).
Result<NpyMatrix> read_npy_matrix(const std::filesystem::path& path, std::uint64_t max_rows);

}  // namespace tamis::models
