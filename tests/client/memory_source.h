// A ByteSource over bytes in memory that hands them out in pieces of chosen sizes.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>

#include "client/import/byte_source.h"
#include "common/random.h"

namespace tamis::client {

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string bytes, std::uint64_t seed = 0) : bytes_(std::move(bytes)), random_(seed) {}

  Result<std::size_t> read(char* buffer, std::size_t capacity) override {
    // Small pieces put every boundary somewhere.
    const std::size_t piece = std::min({capacity, bytes_.size() - at_, std::size_t{1} + random_.below(7)});
    std::memcpy(buffer, bytes_.data() + at_, piece);
    at_ += piece;
    return piece;
  }
  std::uint64_t consumed_bytes() const override { return at_; }
  std::uint64_t total_bytes() const override { return bytes_.size(); }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
  Random random_;
};

}  // namespace tamis::client
