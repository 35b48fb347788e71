// PresenceSet: which dense ids have a row in some table, one bit each, in memory and in blocks of the `counters` table.
// It answers "is this entity live", "has this item a vector" and the counts without reading the table.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/status.h"

namespace tamis::storage {

// Externally synchronised (the committing thread).
class PresenceSet {
 public:
  static constexpr std::uint32_t kBlockIds = 4'096;
  static constexpr std::size_t kBlockBytes = kBlockIds / 8;

  // `name` tells its rows from those of other sets: presence_key(name, block).
  explicit PresenceSet(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  bool contains(DenseId id) const {
    const std::size_t word = id / 64;
    return word < words_.size() && (words_[word] >> (id % 64) & 1) != 0;
  }
  void set(DenseId id, bool present);
  std::uint64_t count() const { return count_; }
  std::uint32_t block_count() const { return static_cast<std::uint32_t>(words_.size() / kBlockWords); }

  // Blocks changed since the last call, ascending.
  std::set<std::uint32_t> take_dirty_blocks() { return std::exchange(dirty_, {}); }
  // Version byte and kBlockBytes of bits, lowest id in the lowest bit of the first byte.
  void encode_block(std::uint32_t block, std::string* out) const;
  Status load_block(std::uint32_t block, std::string_view value);

 private:
  static constexpr std::size_t kBlockWords = kBlockIds / 64;
  void reach(std::uint32_t block);

  std::string name_;
  std::vector<std::uint64_t> words_;
  std::uint64_t count_ = 0;
  std::set<std::uint32_t> dirty_;
};

}  // namespace tamis::storage
