// Vector files: NumPy's .npy and Tamis's packed format, read and written row by row.
//
//   .npy     [n, dim], little-endian f4 or f8, C order; ids stand in a file of their own, one a line
//            (numpy.org/doc/stable/reference/generated/numpy.lib.format.html)
//   packed   header record*: "TAMISVEC" version u16 = 1, reserved u16 = 0, dim u32;
//            record: kind u8 (0 user, 1 item) id_bytes u16 id f32[dim]. Little-endian. docs/http_api.md
//
// Readers and writers are externally synchronised. invalid_argument for a file of another kind or shape, corruption for
// one that is cut short.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/import/byte_source.h"
#include "client/import/line_reader.h"
#include "client/types.h"

namespace tamis::client {

inline constexpr std::string_view kPackedVectorsType = "application/x-tamis-vectors";

class VectorReader {
 public:
  virtual ~VectorReader() = default;
  virtual std::uint32_t dim() const = 0;
  // False at the end.
  virtual Result<bool> next(VectorRow* row) = 0;
};

// Sources outlive the readers. `kind`: what the ids name.
Result<std::unique_ptr<VectorReader>> open_npy(ByteSource* vectors, ByteSource* ids, EntityKind kind);
Result<std::unique_ptr<VectorReader>> open_packed(ByteSource* vectors);

// Pieces of a packed stream.
std::string packed_header(std::uint32_t dim);
// REQUIRES: id of 1..65535 bytes.
std::string packed_record(const VectorRow& row);
// The header of an .npy file of f4; always 128 bytes, so that it can be rewritten when `rows` is known.
std::string npy_header(std::uint64_t rows, std::uint32_t dim);

}  // namespace tamis::client
