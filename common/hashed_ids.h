// HashedIds: numbers found by the hash of what they stand for, which is kept elsewhere: 5 bytes a slot, a third to
// three quarters of the slots used. The lowest 10 bits of a hash play no part. Open addressing with linear probing; a
// removal moves the followers up.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace tamis {

// Externally synchronised; concurrent finds are safe.
class HashedIds {
 public:
  // The number with this hash for which `is_it(number)`.
  template <typename IsIt>
  std::optional<std::uint32_t> find(std::uint64_t hash, IsIt&& is_it) const {
    if (ids_.empty()) return std::nullopt;
    for (std::size_t slot = place_of(hash); ids_[slot] != kNone; slot = next(slot)) {
      if (tags_[slot] == tag_of(hash) && is_it(ids_[slot])) return ids_[slot];
    }
    return std::nullopt;
  }
  // REQUIRES: `id` is not kept yet. `hash_of(number)` gives the hash of any that is.
  template <typename HashOf>
  void insert(std::uint64_t hash, std::uint32_t id, HashOf&& hash_of) {
    if ((count_ + 1) * 4 > ids_.size() * 3) grow(hash_of);
    put(hash, id);
    ++count_;
  }
  template <typename HashOf>
  void erase(std::uint64_t hash, std::uint32_t id, HashOf&& hash_of) {
    if (ids_.empty()) return;
    std::size_t hole = place_of(hash);
    while (ids_[hole] != id) {
      if (ids_[hole] == kNone) return;
      hole = next(hole);
    }
    for (std::size_t slot = next(hole); ids_[slot] != kNone; slot = next(slot)) {
      // One that is found from `hole` on as well moves there.
      const std::size_t home = place_of(hash_of(ids_[slot]));
      if (((slot - home) & mask()) < ((slot - hole) & mask())) continue;
      ids_[hole] = ids_[slot];
      tags_[hole] = tags_[slot];
      hole = slot;
    }
    ids_[hole] = kNone;
    --count_;
  }
  std::uint64_t memory_bytes() const { return ids_.size() * (sizeof(std::uint32_t) + 1); }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  static constexpr std::size_t kFirstSlots = 16;
  static constexpr unsigned kUnusedBits = 10;

  static std::uint8_t tag_of(std::uint64_t hash) { return static_cast<std::uint8_t>(hash >> 56U); }
  std::size_t mask() const { return ids_.size() - 1; }
  // The lowest bits may be equal in all of them: they choose among several of these.
  std::size_t place_of(std::uint64_t hash) const { return static_cast<std::size_t>(hash >> kUnusedBits) & mask(); }
  std::size_t next(std::size_t slot) const { return (slot + 1) & mask(); }
  void put(std::uint64_t hash, std::uint32_t id) {
    std::size_t slot = place_of(hash);
    while (ids_[slot] != kNone) slot = next(slot);
    ids_[slot] = id;
    tags_[slot] = tag_of(hash);
  }
  template <typename HashOf>
  void grow(HashOf&& hash_of) {
    const std::vector<std::uint32_t> before = std::exchange(ids_, {});
    ids_.assign(before.empty() ? kFirstSlots : 2 * before.size(), kNone);
    tags_.assign(ids_.size(), 0);
    for (const std::uint32_t id : before)
      if (id != kNone) put(hash_of(id), id);
  }

  std::vector<std::uint32_t> ids_;
  std::vector<std::uint8_t> tags_;
  std::size_t count_ = 0;
};

}  // namespace tamis
