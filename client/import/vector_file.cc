#include "client/import/vector_file.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <optional>

#include "common/records.h"

namespace tamis::client {
namespace {

static_assert(std::endian::native == std::endian::little, "the formats are little-endian and copied as they are");

constexpr std::string_view kNpyMagic("\x93NUMPY", 6);
constexpr std::string_view kPackedMagic = "TAMISVEC";
constexpr std::size_t kMaxNpyHeaderBytes = 64 << 10;

// Fills `*out` with exactly `size` bytes; false at a clean end before the first, corruption at one within.
Result<bool> read_exactly(ByteSource* source, std::size_t size, char* out) {
  std::size_t have = 0;
  while (have < size) {
    TAMIS_ASSIGN_OR_RETURN(const std::size_t got, source->read(out + have, size - have));
    if (got == 0) {
      if (have == 0) return false;
      return Status::corruption("the file ends within a record");
    }
    have += got;
  }
  return true;
}

// For parts that must be there.
Status require(ByteSource* source, std::size_t size, char* out, std::string_view what) {
  TAMIS_ASSIGN_OR_RETURN(const bool found, read_exactly(source, size, out));
  if (!found && size > 0) return Status::corruption("the file ends before its " + std::string(what));
  return Status::ok();
}

template <typename Number>
Number number_at(const char* bytes) {
  Number number;
  std::memcpy(&number, bytes, sizeof number);
  return number;
}

// The value after "'key':" in an .npy header, a Python literal, up to a comma outside parentheses or the brace.
std::optional<std::string> npy_value(std::string_view header, std::string_view key) {
  const std::string quoted = "'" + std::string(key) + "'";
  auto at = header.find(quoted);
  if (at == std::string_view::npos) return std::nullopt;
  at = header.find(':', at + quoted.size());
  if (at == std::string_view::npos) return std::nullopt;
  std::string value;
  int depth = 0;
  for (++at; at < header.size(); ++at) {
    const char c = header[at];
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    if (depth < 0 || (depth == 0 && (c == ',' || c == '}'))) break;
    if (c != ' ') value += c;
  }
  return value;
}

struct NpyShape {
  std::uint64_t rows = 0;
  std::uint32_t dim = 0;
  bool is_double = false;
};

Result<NpyShape> parse_npy_header(std::string_view header) {
  NpyShape shape;
  const std::string descr = npy_value(header, "descr").value_or("");
  if (descr != "'<f4'" && descr != "'<f8'") {
    return Status::invalid_argument("the .npy array has the type " + descr + "; expected '<f4' or '<f8'");
  }
  shape.is_double = descr == "'<f8'";
  if (npy_value(header, "fortran_order") != "False") {
    return Status::invalid_argument("the .npy array is in Fortran order; save numpy.ascontiguousarray(a) instead");
  }
  const std::string text = npy_value(header, "shape").value_or("");
  const char* at = text.data();
  const char* end = at + text.size();
  std::uint64_t dim = 0;
  const auto read = [&](char before, std::uint64_t* number) {
    if (at == end || *at != before) return false;
    const auto parsed = std::from_chars(at + 1, end, *number);
    at = parsed.ptr;
    return parsed.ec == std::errc{};
  };
  if (!read('(', &shape.rows) || !read(',', &dim) || std::string_view(at, end) != ")") {
    return Status::invalid_argument("the .npy array has the shape " + text + "; expected (n, dim)");
  }
  if (dim < 1 || dim > kMaxDim) {
    return Status::invalid_argument("the .npy array has " + std::to_string(dim) + " columns; expected 1 to " +
                                    std::to_string(kMaxDim));
  }
  shape.dim = static_cast<std::uint32_t>(dim);
  return shape;
}

class NpyReader final : public VectorReader {
 public:
  NpyReader(ByteSource* vectors, ByteSource* ids, EntityKind kind, NpyShape shape)
      : vectors_(vectors), ids_(ids), kind_(kind), shape_(shape) {
    bytes_.resize(shape.dim * (shape.is_double ? sizeof(double) : sizeof(float)));
  }
  std::uint32_t dim() const override { return shape_.dim; }
  Result<bool> next(VectorRow* row) override {
    std::string_view id;
    if (done_ == shape_.rows) {
      TAMIS_ASSIGN_OR_RETURN(const bool more, ids_.next(&id));
      if (more && !id.empty()) return mismatch("more");
      return false;
    }
    TAMIS_RETURN_IF_ERROR(require(vectors_, bytes_.size(), bytes_.data(), "last rows"));
    TAMIS_ASSIGN_OR_RETURN(const bool has_id, ids_.next(&id));
    if (!has_id) return mismatch("fewer");
    row->kind = kind_;
    row->id = id;
    row->vector.resize(shape_.dim);
    for (std::size_t i = 0; i < shape_.dim; ++i) {
      row->vector[i] = shape_.is_double ? static_cast<float>(number_at<double>(&bytes_[i * sizeof(double)]))
                                        : number_at<float>(&bytes_[i * sizeof(float)]);
    }
    ++done_;
    return true;
  }

 private:
  Status mismatch(std::string_view how) const {
    return Status::invalid_argument("the ids file has " + std::string(how) + " lines than the array has rows (" +
                                    std::to_string(shape_.rows) + ")");
  }

  ByteSource* const vectors_;
  LineReader ids_;
  const EntityKind kind_;
  const NpyShape shape_;
  std::vector<char> bytes_;
  std::uint64_t done_ = 0;
};

class PackedReader final : public VectorReader {
 public:
  PackedReader(ByteSource* source, std::uint32_t dim) : source_(source), dim_(dim), bytes_(dim * sizeof(float)) {}
  std::uint32_t dim() const override { return dim_; }
  Result<bool> next(VectorRow* row) override {
    char head[3];
    TAMIS_ASSIGN_OR_RETURN(const bool more, read_exactly(source_, sizeof head, head));
    if (!more) return false;
    const auto id_bytes = number_at<std::uint16_t>(head + 1);
    if (static_cast<unsigned char>(head[0]) > 1 || id_bytes == 0 || id_bytes > kMaxExternalIdBytes) {
      return Status::corruption("a packed record has a kind or an id length that cannot be");
    }
    row->kind = head[0] == 1 ? EntityKind::kItem : EntityKind::kUser;
    row->id.resize(id_bytes);
    TAMIS_RETURN_IF_ERROR(require(source_, id_bytes, row->id.data(), "last id"));
    TAMIS_RETURN_IF_ERROR(require(source_, bytes_.size(), bytes_.data(), "last vector"));
    row->vector.resize(dim_);
    std::memcpy(row->vector.data(), bytes_.data(), bytes_.size());
    return true;
  }

 private:
  ByteSource* const source_;
  const std::uint32_t dim_;
  std::vector<char> bytes_;
};

template <typename Number>
void append(std::string* out, Number number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  out->append(bytes, sizeof number);
}

}  // namespace

Result<std::unique_ptr<VectorReader>> open_npy(ByteSource* vectors, ByteSource* ids, EntityKind kind) {
  char start[8];
  TAMIS_RETURN_IF_ERROR(require(vectors, sizeof start, start, "magic"));
  if (std::string_view(start, kNpyMagic.size()) != kNpyMagic) {
    return Status::invalid_argument("this is not an .npy file: its magic differs");
  }
  const int version = start[6];
  if (version < 1 || version > 3) {
    return Status::invalid_argument("the .npy file has version " + std::to_string(version) + "; expected 1 to 3");
  }
  char length_bytes[4] = {};
  TAMIS_RETURN_IF_ERROR(require(vectors, version == 1 ? 2 : 4, length_bytes, "header"));
  const auto length = number_at<std::uint32_t>(length_bytes);
  if (length > kMaxNpyHeaderBytes)
    return Status::corruption("the .npy header claims " + std::to_string(length) + " bytes");
  std::string header(length, '\0');
  TAMIS_RETURN_IF_ERROR(require(vectors, length, header.data(), "header"));
  TAMIS_ASSIGN_OR_RETURN(const NpyShape shape, parse_npy_header(header));
  return std::unique_ptr<VectorReader>(new NpyReader(vectors, ids, kind, shape));
}

Result<std::unique_ptr<VectorReader>> open_packed(ByteSource* vectors) {
  char header[16];
  TAMIS_RETURN_IF_ERROR(require(vectors, sizeof header, header, "header"));
  if (std::string_view(header, kPackedMagic.size()) != kPackedMagic) {
    return Status::invalid_argument("these are not packed vectors: the magic differs");
  }
  if (const auto version = number_at<std::uint16_t>(header + 8); version != 1) {
    return Status::invalid_argument("the packed vectors have version " + std::to_string(version) + "; expected 1");
  }
  const auto dim = number_at<std::uint32_t>(header + 12);
  if (dim < 1 || dim > kMaxDim) {
    return Status::invalid_argument("the packed vectors have " + std::to_string(dim) + " dimensions; expected 1 to " +
                                    std::to_string(kMaxDim));
  }
  return std::unique_ptr<VectorReader>(new PackedReader(vectors, dim));
}

std::string packed_header(std::uint32_t dim) {
  std::string header(kPackedMagic);
  append(&header, std::uint16_t{1});
  append(&header, std::uint16_t{0});
  append(&header, dim);
  return header;
}

std::string packed_record(const VectorRow& row) {
  std::string record(1, row.kind == EntityKind::kItem ? '\1' : '\0');
  append(&record, static_cast<std::uint16_t>(row.id.size()));
  record += row.id;
  for (const float element : row.vector) append(&record, element);
  return record;
}

std::string npy_header(std::uint64_t rows, std::uint32_t dim) {
  constexpr std::size_t kHeaderBytes = 128;
  std::string header(kNpyMagic);
  header += {'\1', '\0'};
  append(&header, static_cast<std::uint16_t>(kHeaderBytes - 10));
  header += "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " + std::to_string(dim) +
            "), }";
  header.resize(kHeaderBytes - 1, ' ');
  return header + '\n';
}

}  // namespace tamis::client
