#include "storage/byte_reader.h"

#include <cmath>
#include <cstring>

namespace tamis::storage {

std::uint8_t ByteReader::u8() {
  const std::string_view byte = raw(1);
  return byte.empty() ? 0 : static_cast<std::uint8_t>(byte.front());
}

std::uint64_t ByteReader::u64() {
  const std::string_view bytes = raw(sizeof(std::uint64_t));
  std::uint64_t value = 0;
  if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

double ByteReader::finite_f64() {
  const auto value = std::bit_cast<double>(u64());
  if (std::isfinite(value)) return value;
  fail();
  return 0;
}

std::uint64_t ByteReader::varint() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const std::uint8_t byte = u8();
    if (failed_) return 0;
    if (shift == 63 && byte > 1) break;  // past 64 bits
    if (byte == 0 && shift > 0) break;   // a longer form of a shorter number
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return value;
  }
  fail();
  return 0;
}

std::uint64_t ByteReader::varint_up_to(std::uint64_t limit) {
  const std::uint64_t value = varint();
  if (value <= limit) return value;
  fail();
  return 0;
}

std::int64_t ByteReader::zigzag() {
  const std::uint64_t value = varint();
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

std::string_view ByteReader::string() {
  const std::uint64_t size = varint();
  if (size <= remaining()) return raw(static_cast<std::size_t>(size));
  fail();
  return {};
}

std::string_view ByteReader::raw(std::size_t size) {
  if (failed_ || size > rest_.size()) {
    fail();
    return {};
  }
  const std::string_view bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return bytes;
}

Status ByteReader::finish(std::string_view what) const {
  if (failed_) return Status::corruption("a stored " + std::string(what) + " is malformed");
  if (!rest_.empty()) {
    return Status::corruption("a stored " + std::string(what) + " has " + std::to_string(rest_.size()) +
                              " bytes too many");
  }
  return Status::ok();
}

}  // namespace tamis::storage
