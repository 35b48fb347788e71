// ByteWriter: appends the primitives of docs/storage_format.md to a string that the caller owns (and may reuse).
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tamis::storage {

// Externally synchronised. Cannot fail.
class ByteWriter {
 public:
  // REQUIRES: out outlives the writer.
  explicit ByteWriter(std::string* out) : out_(out) {}

  void put_u8(std::uint8_t value) { out_->push_back(static_cast<char>(value)); }
  // Little-endian, as all fixed-width values are (keys are big-endian: key_codec.h).
  void put_u64(std::uint64_t value) { put_raw(&value, sizeof value); }
  void put_f64(double value) { put_u64(std::bit_cast<std::uint64_t>(value)); }
  // LEB128: seven bits a byte, lowest first; the high bit says that more follow.
  void put_varint(std::uint64_t value) {
    while (value >= 0x80) {
      put_u8(static_cast<std::uint8_t>(value | 0x80));
      value >>= 7;
    }
    put_u8(static_cast<std::uint8_t>(value));
  }
  // A signed number: 0, -1, 1, -2, ... become 0, 1, 2, 3, ... and then a varint.
  void put_zigzag(std::int64_t value) {
    put_varint((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
  }
  void put_string(std::string_view text) {
    put_varint(text.size());
    out_->append(text);
  }
  void put_raw(const void* bytes, std::size_t size) {
    static_assert(std::endian::native == std::endian::little);
    out_->append(static_cast<const char*>(bytes), size);
  }

 private:
  std::string* out_;
};

}  // namespace tamis::storage
