// Reads and writes two-dimensional f32 .npy files (version 1, C order), as NumPy and fetch_glove.sh do.
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

inline Status write_matrix(const std::string& path, std::size_t rows, std::size_t dim, std::span<const float> values) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " +
                       std::to_string(dim) + "), }";
  header.resize(128 - 10 - 1, ' ');
  header += '\n';
  std::ofstream file(path, std::ios::binary);
  file.write("\x93NUMPY\x01\x00", 8);
  file.put(static_cast<char>(header.size())).put(0);
  file << header;
  file.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size_bytes()));
  file.close();
  return file ? Status::ok() : Status::io_error("cannot write " + path);
}

}  // namespace tamis::bench
