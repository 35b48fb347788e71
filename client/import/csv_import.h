// CsvImport: the rows of a CSV file as items, users, interactions and vectors, along a Mapping.
//
// Externally synchronised. Row faults go to the receiver, which decides whether reading goes on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "client/import/csv_reader.h"
#include "client/import/mapping.h"
#include "client/import/row_key.h"
#include "client/types.h"

namespace tamis::client {

// Where the rows go. A failed Status ends the import.
struct CsvReceiver {
  std::function<Status(EntityKind, const Entity&, std::uint64_t line)> entity;
  std::function<Status(const Interaction&, std::uint64_t line)> interaction;
  std::function<Status(const VectorRow&, std::uint64_t line)> vector;
  std::function<Status(std::uint64_t line, const Status& fault)> bad_row;
  std::function<bool()> keep_going;  // asked every row; false ends the pass
};

struct CsvCounts {
  std::uint64_t rows = 0;      // read, the header aside
  std::uint64_t filtered = 0;  // left out by `where`
  std::uint64_t bad = 0;
};

// What one pass over the file makes.
struct CsvSelection {
  bool items = false;
  bool users = false;
  bool interactions = false;
  bool vectors = false;
};

class CsvImport {
 public:
  // `keys` gives interactions their idempotency keys; null: only those get one whose rows bring it. It outlives this.
  CsvImport(const Mapping& mapping, RowKeys* keys) : mapping_(mapping), keys_(keys) {}

  // Reads `source`, which is UTF-8, to its end. Gathered entities follow after the last row. invalid_argument where a
  // column of the mapping is not in the file.
  Result<CsvCounts> run(ByteSource* source, const CsvSelection& selection, const CsvReceiver& receiver);

 private:
  const Mapping mapping_;
  RowKeys* const keys_;
};

}  // namespace tamis::client
