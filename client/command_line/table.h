// Table: aligned columns for people.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tamis::client {

class Table {
 public:
  enum class Align { kLeft, kRight };
  void add_column(std::string title, Align align = Align::kLeft);
  // REQUIRES: as many cells as columns. Line breaks and control characters in a cell become blanks.
  void add_row(std::vector<std::string> cells);
  // Titles, a rule, rows; cells wider than `max_cell` are cut with an ellipsis. Ends in a newline.
  std::string to_text(std::size_t max_cell = 48) const;

 private:
  std::vector<std::string> titles_;
  std::vector<Align> aligns_;
  std::vector<std::vector<std::string>> rows_;
};

// 1234567 -> "1,234,567".
std::string with_thousands(std::uint64_t number);
// Bytes as "3.2 MiB".
std::string as_bytes(double bytes);

}  // namespace tamis::client
