// SampleTable: the first rows of a CSV file that nobody has described: its delimiter, its quotes, its header, and what
// its columns look like.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "client/import/csv_columns.h"
#include "client/import/csv_flags.h"

namespace tamis::client {

// What the filled cells of a column have in common.
struct ColumnShape {
  std::size_t filled = 0;
  std::size_t numbers = 0;  // cells that are numbers
  bool is_number = false;   // all of them
  bool is_boolean = false;  // true and false, by word
  bool is_code = false;     // digits with leading zeros, as postcodes
  bool has_bars = false;    // some cells are lists with | between their elements
  bool is_url = false;
  bool is_half_stars = false;  // numbers of 0 to 10 in halves, several of them
  double max = 0;              // of numbers
  std::size_t max_bytes = 0;
  std::string time_format;  // which reads four of five cells; "" where they are no times
};

struct SampleTable {
  Mapping format;                  // how the file is written; maps nothing
  bool has_names = false;          // by a header, or by --columns
  std::vector<std::string> names;  // "1", "2", ... where it has none
  std::vector<CsvRow> rows;        // all of one width
  std::vector<ColumnShape> shapes;
};

// "User-ID" -> "userid": how names of columns are compared.
std::string plain_name(std::string_view name);

// `is_known_name`: whether a header would hold such a plain name. invalid_argument where `sample` holds no rows.
Result<SampleTable> read_sample_table(const std::string& path, std::string_view sample, const CsvFlags& flags,
                                      bool (*is_known_name)(const std::string& plain));

}  // namespace tamis::client
