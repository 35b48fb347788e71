#include "client/import/sample_table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <set>

#include "client/import/cell.h"

namespace tamis::client {
namespace {

constexpr std::size_t kMaxRows = 2'000;

class StringSource final : public ByteSource {
 public:
  explicit StringSource(std::string_view bytes) : bytes_(bytes) {}
  Result<std::size_t> read(char* buffer, std::size_t capacity) override {
    const std::size_t count = bytes_.copy(buffer, capacity, at_);
    at_ += count;
    return count;
  }
  std::uint64_t consumed_bytes() const override { return at_; }
  std::uint64_t total_bytes() const override { return bytes_.size(); }

 private:
  const std::string_view bytes_;
  std::size_t at_ = 0;
};

struct Parsed {
  std::vector<CsvRow> rows;
  std::size_t width = 0;    // the most frequent one
  std::size_t fitting = 0;  // rows of that width
  std::size_t records = 0;  // bad ones, too
};

Parsed parse(std::string_view sample, const CsvFormat& format) {
  StringSource source(sample);
  CsvReader reader(&source, format);
  Parsed parsed;
  std::map<std::size_t, std::size_t> widths;
  CsvRecord record;
  while (parsed.records < kMaxRows) {
    const auto found = reader.next(&record);
    if (found.is_ok() && !*found) break;
    ++parsed.records;
    if (!found.is_ok()) continue;
    if (parsed.rows.empty()) reader.expect_fields(record.fields.size());
    ++widths[record.fields.size()];
    parsed.rows.push_back(record.fields);
  }
  for (const auto& [width, count] : widths) {
    if (count > parsed.fitting) {
      parsed.width = width;
      parsed.fitting = count;
    }
  }
  return parsed;
}

// The delimiter that parts most rows alike, the longest and rarest candidates first.
std::string find_delimiter(const std::string& name, std::string_view sample, CsvFormat format) {
  if (name.ends_with(".tsv")) return "\t";
  std::vector<std::string> candidates = {"::", "\t", "|", ";", ",", " "};
  if (name.ends_with(".csv")) candidates = {",", ";", "\t", "|"};
  const auto fits = [&] {
    const Parsed parsed = parse(sample, format);
    return parsed.width > 1 && parsed.fitting * 10 >= parsed.records * 8;
  };
  const bool may_escape = format.quote && !format.escape && sample.find("\\\"") != std::string_view::npos;
  for (const std::string& candidate : candidates) {
    format.delimiter = candidate;
    if (fits()) return candidate;
    if (!may_escape) continue;
    format.escape = '\\';
    if (fits()) return candidate;
    format.escape.reset();
  }
  return ",";
}

bool is_number(const std::string& cell) { return parse_number(cell, "").is_ok(); }

bool has_header(const Parsed& parsed, bool (*is_known_name)(const std::string& plain)) {
  const CsvRow& first = parsed.rows.front();
  if (std::ranges::any_of(first, [&](const std::string& cell) { return is_known_name(plain_name(cell)); })) return true;
  return std::ranges::none_of(first, [](const std::string& cell) { return is_number(cell); });
}

std::string time_format_of(const std::vector<std::string>& cells) {
  static constexpr const char* kFormats[] = {"rfc3339",
                                             "%Y-%m-%d %H:%M:%S",
                                             "%Y-%m-%d %H:%M:%S.%f",
                                             "%Y-%m-%dT%H:%M:%S",
                                             "%Y-%m-%dT%H:%M:%S.%f",
                                             "%Y-%m-%d %H:%M",
                                             "%Y-%m-%d",
                                             "%Y-%m-%d %H:%M:%S UTC",
                                             "%Y/%m/%d %H:%M:%S",
                                             "%Y/%m/%d %H:%M",
                                             "%Y/%m/%d",
                                             "%d-%b-%Y",
                                             "%d %b %Y",
                                             "%d %b %Y %H:%M:%S"};
  const auto most = [&](std::size_t count) { return count * 5 >= cells.size() * 4 && count > 0; };
  for (const char* name : kFormats) {
    const auto format = TimeFormat::parse(name);
    const auto reads = [&](const std::string& cell) { return format.is_ok() && format->read(cell).is_ok(); };
    if (most(static_cast<std::size_t>(std::ranges::count_if(cells, reads)))) return name;
  }
  std::map<std::string_view, std::size_t> epochs;
  for (const std::string& cell : cells) {
    const auto number = parse_number(cell, "");
    if (number.is_ok()) ++epochs[TimeFormat::epoch_of(*number)];
  }
  for (const auto& [epoch, count] : epochs) {
    if (!epoch.empty() && most(count)) return std::string(epoch);
  }
  return "";
}

ColumnShape shape_of(const std::vector<CsvRow>& rows, std::size_t column, const std::vector<std::string>& nulls) {
  ColumnShape shape;
  std::vector<std::string> cells;
  for (const CsvRow& row : rows) {
    const std::string& cell = row[column];
    if (!cell.empty() && std::ranges::find(nulls, cell) == nulls.end()) cells.push_back(cell);
  }
  shape.filled = cells.size();
  if (cells.empty()) return shape;
  const auto all = [&](auto predicate) { return std::ranges::all_of(cells, predicate); };
  shape.numbers = static_cast<std::size_t>(std::ranges::count_if(cells, is_number));
  shape.is_number = shape.numbers == cells.size();
  shape.is_boolean = all([](const std::string& cell) {
    const std::string plain = plain_name(cell);
    return plain == "true" || plain == "false";
  });
  shape.is_code = std::ranges::any_of(cells, [](const std::string& cell) {
    return cell.size() > 1 && cell[0] == '0' && cell[1] >= '0' && cell[1] <= '9';
  });
  shape.has_bars =
      std::ranges::any_of(cells, [](const std::string& cell) { return cell.find('|') != std::string::npos; });
  shape.is_url = all([](const std::string& cell) { return cell.starts_with("http"); });
  std::set<double> numbers;
  shape.is_half_stars = shape.is_number;
  for (const std::string& cell : cells) {
    shape.max_bytes = std::max(shape.max_bytes, cell.size());
    if (!shape.is_number) continue;
    const double number = parse_number(cell, "").value();
    shape.max = numbers.empty() ? number : std::max(shape.max, number);
    numbers.insert(number);
    shape.is_half_stars = shape.is_half_stars && number >= 0 && number <= 10 && std::floor(number * 2) == number * 2;
  }
  shape.is_half_stars = shape.is_half_stars && numbers.size() > 1;
  shape.time_format = time_format_of(cells);
  return shape;
}

// Words for "nothing" in columns whose other cells are numbers.
std::vector<std::string> find_nulls(const std::vector<CsvRow>& rows, std::size_t width) {
  static const std::set<std::string> kWords = {"NULL", "null", "\\N", "NaN", "nan", "None", "NA", "N/A"};
  std::set<std::string> nulls;
  for (std::size_t column = 0; column < width; ++column) {
    std::set<std::string> words;
    bool has_numbers = false;
    const bool fits = std::ranges::all_of(rows, [&](const CsvRow& row) {
      if (kWords.contains(row[column])) return words.insert(row[column]), true;
      has_numbers = has_numbers || !row[column].empty();
      return row[column].empty() || is_number(row[column]);
    });
    if (fits && has_numbers) nulls.insert(words.begin(), words.end());
  }
  return {nulls.begin(), nulls.end()};
}

}  // namespace

std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') plain += static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) plain += c;
  }
  return plain;
}

Result<SampleTable> read_sample_table(const std::string& path, std::string_view sample, const CsvFlags& flags,
                                      bool (*is_known_name)(const std::string& plain)) {
  SampleTable table;
  TAMIS_RETURN_IF_ERROR(apply_format_flags(flags, &table.format));
  CsvFormat& format = table.format.format;
  if (sample.starts_with("\xEF\xBB\xBF")) sample.remove_prefix(3);
  if (!flags.delimiter) format.delimiter = find_delimiter(without_compression(path), sample, format);
  Parsed parsed = parse(sample, format);
  if (!flags.escape && format.quote && sample.find("\\\"") != std::string_view::npos) {
    format.escape = '\\';
    Parsed escaped = parse(sample, format);
    if (escaped.fitting > parsed.fitting) {
      parsed = std::move(escaped);
    } else {
      format.escape.reset();
    }
  }
  if (parsed.rows.empty()) return Status::invalid_argument("it holds no rows");

  table.format.has_header = !flags.no_header && flags.columns.empty() && has_header(parsed, is_known_name);
  table.has_names = table.format.has_header || !flags.columns.empty();
  const std::size_t columns = table.format.has_header ? parsed.rows.front().size()
                              : table.has_names       ? flags.columns.size()
                                                      : parsed.width;
  if (table.has_names) table.names = table.format.has_header ? parsed.rows.front() : flags.columns;
  for (std::size_t i = table.names.size(); i < columns; ++i) table.names.push_back(std::to_string(i + 1));
  // A delimiter at the end of each row, but not of the header's.
  if (flags.extra_fields.empty() && parsed.width == columns + 1 &&
      std::ranges::all_of(parsed.rows,
                          [&](const CsvRow& row) { return row.size() <= columns || row.back().empty(); })) {
    table.format.ignore_extra_fields = true;
  }
  for (std::size_t i = table.format.has_header ? 1 : 0; i < parsed.rows.size(); ++i) {
    CsvRow& row = parsed.rows[i];
    if (row.size() > columns && table.format.ignore_extra_fields) row.resize(columns);
    if (row.size() == columns) table.rows.push_back(std::move(row));
  }
  if (flags.nulls.empty()) table.format.null_tokens = find_nulls(table.rows, columns);
  for (std::size_t i = 0; i < columns; ++i) {
    table.shapes.push_back(shape_of(table.rows, i, table.format.null_tokens));
  }
  return table;
}

}  // namespace tamis::client
