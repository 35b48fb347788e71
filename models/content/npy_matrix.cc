#include "models/content/npy_matrix.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

namespace tamis::models {
namespace {

constexpr std::size_t kMaxHeaderBytes = 65'536;
constexpr std::uint64_t kMaxColumns = 4096;
constexpr std::size_t kBlockRows = 4096;

Status refuse(const std::filesystem::path& path, const std::string& reason) {
  return Status::invalid_argument(path.string() + ": " + reason +
                                  "; expected a .npy matrix of f2, f4 or f8, little-endian, in C order");
}

// What stands behind `'key':` in the header's Python dictionary, up to the next comma outside of parentheses.
std::string_view entry_of(std::string_view header, std::string_view key) {
  const std::size_t at = header.find("'" + std::string(key) + "'");
  if (at == std::string_view::npos) return {};
  std::string_view rest = header.substr(at + key.size() + 2);
  rest.remove_prefix(std::min(rest.find_first_not_of(": "), rest.size()));
  const std::size_t end = rest.starts_with('(') ? rest.find(')') : rest.find_first_of(",}");
  return rest.substr(0, end);
}

bool take_number(std::string_view& text, std::uint64_t* number) {
  text.remove_prefix(std::min(text.find_first_of("0123456789"), text.size()));
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

// IEEE 754 binary16.
float half_to_float(std::uint16_t half) {
  const int exponent = (half >> 10) & 31;
  const int fraction = half & 1023;
  float value = 0;
  if (exponent == 0) {
    value = std::ldexp(static_cast<float>(fraction), -24);
  } else if (exponent == 31) {
    value = fraction == 0 ? INFINITY : NAN;
  } else {
    value = std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
  }
  return (half & 0x8000) != 0 ? -value : value;
}

template <typename Stored, typename Convert>
void append_block(const std::vector<char>& bytes, const Convert& convert, std::vector<float>& values) {
  for (std::size_t at = 0; at + sizeof(Stored) <= bytes.size(); at += sizeof(Stored)) {
    Stored value;
    std::memcpy(&value, bytes.data() + at, sizeof(Stored));
    values.push_back(convert(value));
  }
}

struct Header {
  std::size_t value_bytes = 0;
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;
};

Result<Header> read_header(const std::filesystem::path& path, std::ifstream& file) {
  unsigned char start[12] = {};
  if (!file.read(reinterpret_cast<char*>(start), 10) || std::memcmp(start, "\x93NUMPY", 6) != 0)
    return refuse(path, "it is no .npy file");
  std::size_t length = start[8] | std::size_t{start[9]} << 8;
  if (start[6] >= 2) {
    if (!file.read(reinterpret_cast<char*>(start + 10), 2)) return refuse(path, "its header is cut short");
    length |= std::size_t{start[10]} << 16 | std::size_t{start[11]} << 24;
  }
  if (length > kMaxHeaderBytes) return refuse(path, "its header is too long");
  std::string text(length, '\0');
  if (!file.read(text.data(), static_cast<std::streamsize>(length))) return refuse(path, "its header is cut short");

  Header header;
  const std::string_view type = entry_of(text, "descr");
  if (type.find("<f2") != std::string_view::npos) header.value_bytes = 2;
  if (type.find("<f4") != std::string_view::npos) header.value_bytes = 4;
  if (type.find("<f8") != std::string_view::npos) header.value_bytes = 8;
  if (header.value_bytes == 0) return refuse(path, "its type is " + std::string(type.substr(0, 20)));
  if (entry_of(text, "fortran_order").starts_with("True")) return refuse(path, "it is in Fortran's order");
  std::string_view shape = entry_of(text, "shape");
  std::uint64_t further = 0;
  if (!take_number(shape, &header.rows) || !take_number(shape, &header.columns) || take_number(shape, &further))
    return refuse(path, "it has not two dimensions");
  if (header.columns == 0 || header.columns > kMaxColumns)
    return refuse(path, "its rows have " + std::to_string(header.columns) + " numbers, expected 1..4096");
  return header;
}

}  // namespace

Result<NpyMatrix> read_npy_matrix(const std::filesystem::path& path, std::uint64_t max_rows) {
  static_assert(std::endian::native == std::endian::little);
  std::ifstream file(path, std::ios::binary);
  if (!file) return Status::not_found("cannot open " + path.string());
  TAMIS_ASSIGN_OR_RETURN(const Header header, read_header(path, file));
  NpyMatrix matrix;
  matrix.columns = static_cast<std::uint32_t>(header.columns);
  const std::uint64_t wanted = std::min(header.rows, max_rows);
  std::vector<char> block;
  while (matrix.rows < wanted) {
    const std::uint64_t rows = std::min<std::uint64_t>(kBlockRows, wanted - matrix.rows);
    block.resize(rows * header.columns * header.value_bytes);
    if (!file.read(block.data(), static_cast<std::streamsize>(block.size())))
      return Status::corruption(path.string() + " ends after " + std::to_string(matrix.rows) + " of " +
                                std::to_string(header.rows) + " rows at the latest");
    if (header.value_bytes == 2) append_block<std::uint16_t>(block, half_to_float, matrix.values);
    if (header.value_bytes == 4)
      append_block<float>(
          block, [](float value) { return value; }, matrix.values);
    if (header.value_bytes == 8)
      append_block<double>(
          block, [](double value) { return static_cast<float>(value); }, matrix.values);
    matrix.rows += rows;
  }
  const auto bad = std::find_if(matrix.values.begin(), matrix.values.end(), [](float v) { return !std::isfinite(v); });
  if (bad == matrix.values.end()) return matrix;
  const std::uint64_t row = static_cast<std::uint64_t>(bad - matrix.values.begin()) / header.columns;
  return refuse(path, "row " + std::to_string(row) + " holds a value that is not finite");
}

}  // namespace tamis::models
