// A sample of the user x item matrix, and how the items' counts fall off: what shows how sparse the data is. Plain
// data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/ids.h"

namespace tamis {

struct MatrixSampleRequest {
  std::uint32_t users = 120;     // rows, 1..kMaxMatrixSide
  std::uint32_t items = 120;     // columns, 1..kMaxMatrixSide
  std::uint32_t first_rank = 1;  // the columns are spread evenly over these ranks of popularity, from 1
  std::uint32_t last_rank = 0;   // 0: the last one
};
inline constexpr std::uint32_t kMaxMatrixSide = 500;

struct MatrixSample {
  struct Column {
    std::string item;
    std::uint64_t rank = 0;  // by popularity, from 1
    double popularity = 0;   // weighted count of interactions
  };
  struct Row {
    std::string user;
    std::uint64_t items = 0;             // distinct ones, of the newest kMaxMatrixHistory interactions
    std::vector<std::uint32_t> columns;  // those that the user touched, ascending
  };
  struct Point {
    std::uint64_t rank = 0;
    double popularity = 0;
    double share = 0;  // of all interactions (weighted), by the items up to this rank
  };
  Sequence sequence = 0;
  std::uint64_t users = 0;   // in all
  std::uint64_t items = 0;   // in all
  std::uint64_t ranked = 0;  // items that the list of the popular holds
  double density = 0;        // share of the matrix that is filled, estimated from the rows
  std::vector<Column> columns;
  std::vector<Row> rows;
  std::vector<Point> curve;  // ranks at equal ratios
};
inline constexpr std::uint32_t kMaxMatrixHistory = 5'000;

}  // namespace tamis
