#include "client/command_line/table.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace tamis::client {
namespace {

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Characters, as a terminal counts them but for the wide ones.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues_character(c); }));
}

std::string cut(std::string text, std::size_t max_width) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  if (width_of(text) <= max_width) return text;
  std::size_t width = 0;
  std::size_t end = 0;
  while (end < text.size() && (width < max_width - 1 || continues_character(text[end]))) {
    width += continues_character(text[end]) ? 0 : 1;
    ++end;
  }
  return text.substr(0, end) + "…";
}

}  // namespace

void Table::add_column(std::string title, Align align) {
  titles_.push_back(std::move(title));
  aligns_.push_back(align);
}

void Table::add_row(std::vector<std::string> cells) {
  cells.resize(titles_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::to_text(std::size_t max_cell) const {
  std::vector<std::vector<std::string>> cells = {titles_};
  cells.insert(cells.end(), rows_.begin(), rows_.end());
  std::vector<std::size_t> widths(titles_.size(), 0);
  for (auto& row : cells) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = cut(std::move(row[i]), max_cell);
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  }
  std::string text;
  for (std::size_t r = 0; r < cells.size(); ++r) {
    std::string line;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string padding(widths[i] - width_of(cells[r][i]), ' ');
      line += (i > 0 ? "  " : "") + (aligns_[i] == Align::kRight ? padding + cells[r][i] : cells[r][i] + padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
    if (r > 0) continue;
    for (std::size_t i = 0; i < widths.size(); ++i) text += (i > 0 ? "  " : "") + std::string(widths[i], '-');
    text += "\n";
  }
  return text;
}

std::string with_thousands(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string as_bytes(double bytes) {
  static constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, kUnits[unit]);
  return text;
}

}  // namespace tamis::client
