// Reads a two-dimensional f32 .npy file (version 1, C order), as NumPy and fetch_glove.sh write it.
#pragma once

#include <cstdio>
#include <cstring>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "common/status.h"

namespace tamis::bench {

struct Matrix {
  std::size_t rows = 0;
  std::size_t dim = 0;
  std::vector<float> values;  // [rows, dim]
  std::span<const float> row(std::size_t i) const { return std::span(values).subspan(i * dim, dim); }
};

inline Result<Matrix> read_matrix(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char prefix[10];
  if (!file.read(prefix, sizeof(prefix)) || std::memcmp(prefix, "\x93NUMPY\x01\x00", 8) != 0) {
    return Status::invalid_argument(path + " is not a .npy file of version 1");
  }
  std::string header(static_cast<unsigned char>(prefix[8]) + 256U * static_cast<unsigned char>(prefix[9]), ' ');
  file.read(header.data(), static_cast<std::streamsize>(header.size()));
  const auto shape = header.find("'shape': (");
  Matrix matrix;
  if (header.find("'<f4'") == std::string::npos || header.find("'fortran_order': False") == std::string::npos ||
      shape == std::string::npos ||
      std::sscanf(header.c_str() + shape, "'shape': (%zu, %zu)", &matrix.rows, &matrix.dim) != 2) {
    return Status::invalid_argument(path + " is not a matrix of f32 in C order");
  }
  matrix.values.resize(matrix.rows * matrix.dim);
  if (!file.read(reinterpret_cast<char*>(matrix.values.data()),
                 static_cast<std::streamsize>(matrix.values.size() * sizeof(float)))) {
    return Status::invalid_argument(path + " is shorter than its shape");
  }
  return matrix;
}

}  // namespace tamis::bench
