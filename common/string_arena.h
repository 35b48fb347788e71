// StringArena: short texts one after another in large blocks, so that each costs its bytes and one or two more.
//
// A text is known by its address and never moves. Externally synchronised; texts may be read beside add().
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace tamis {

class StringArena {
 public:
  // A copy of `text`, for view().
  const char* add(std::string_view text) {
    const std::size_t bytes = text.size() + length_bytes(text.size());
    char* place = reserve(bytes);
    char* at = place;
    for (std::size_t rest = text.size();; rest >>= 7U) {
      *at++ = static_cast<char>((rest & 0x7FU) | (rest > 0x7FU ? 0x80U : 0U));
      if (rest <= 0x7FU) break;
    }
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    return place;
  }
  static std::string_view view(const char* place) {
    std::size_t size = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(*place++);
      size |= static_cast<std::size_t>(byte & 0x7FU) << shift;
      if ((byte & 0x80U) == 0) break;
    }
    return {place, size};
  }
  // Overwrites the text: nobody reads it any more. Its room is not used again.
  static void wipe(const char* place) {
    const std::string_view text = view(place);
    std::memset(const_cast<char*>(text.data()), 0, text.size());  // NOLINT: the arena owns the bytes
  }
  std::uint64_t memory_bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kFirstBlockBytes = 1u << 10;
  static constexpr std::size_t kMostBlockBytes = 1u << 20;

  static std::size_t length_bytes(std::size_t size) {
    std::size_t bytes = 1;
    for (; size > 0x7FU; size >>= 7U) ++bytes;
    return bytes;
  }
  char* reserve(std::size_t bytes) {
    if (bytes > left_) {
      // A text that fills much of a block has one to itself, so that the block at hand is not left half empty.
      if (bytes > block_bytes_ / 4) return new_block(bytes);
      free_ = new_block(block_bytes_);
      left_ = block_bytes_;
      if (block_bytes_ < kMostBlockBytes) block_bytes_ *= 2;
    }
    char* place = free_;
    free_ += bytes;
    left_ -= bytes;
    return place;
  }
  char* new_block(std::size_t bytes) {
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    bytes_ += bytes;
    return blocks_.back().get();
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* free_ = nullptr;
  std::size_t left_ = 0;
  std::size_t block_bytes_ = kFirstBlockBytes;
  std::uint64_t bytes_ = 0;
};

}  // namespace tamis
