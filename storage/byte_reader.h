// ByteReader: reads back what ByteWriter wrote, strictly. After the first malformed or missing byte every read gives a
// zero and finish() answers corruption, so a decoder reads straight through and asks once.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/status.h"

namespace tamis::storage {

// Externally synchronised. Never reads past its bytes; accepts only the one encoding that ByteWriter gives a value.
class ByteReader {
 public:
  // REQUIRES: bytes outlive the reader and the views it returns.
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t u8();
  std::uint64_t u64();
  double finite_f64();  // NaN and infinities are malformed
  std::uint64_t varint();
  // A varint of at most `limit`.
  std::uint64_t varint_up_to(std::uint64_t limit);
  std::int64_t zigzag();
  std::string_view string();
  std::string_view raw(std::size_t size);

  bool failed() const { return failed_; }
  void fail() { failed_ = true; }
  std::size_t remaining() const { return failed_ ? 0 : rest_.size(); }
  // ok where everything was read and well-formed; else corruption naming `what`.
  Status finish(std::string_view what) const;

 private:
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace tamis::storage
