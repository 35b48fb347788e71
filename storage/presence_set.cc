#include "storage/presence_set.h"

#include <bit>
#include <cstring>

#include "storage/value_codec.h"

namespace tamis::storage {

void PresenceSet::set(DenseId id, bool present) {
  if (contains(id) == present) return;
  const std::uint32_t block = id / kBlockIds;
  reach(block);
  words_[id / 64] ^= 1ull << (id % 64);
  count_ = present ? count_ + 1 : count_ - 1;
  dirty_.insert(block);
}

void PresenceSet::encode_block(std::uint32_t block, std::string* out) const {
  ByteWriter writer(out);
  writer.put_u8(kValueVersion);
  writer.put_raw(words_.data() + block * kBlockWords, kBlockBytes);
}

Status PresenceSet::load_block(std::uint32_t block, std::string_view value) {
  ByteReader reader(value);
  if (reader.u8() != kValueVersion || block > kNoDenseId / kBlockIds) reader.fail();
  const std::string_view bits = reader.raw(kBlockBytes);
  TAMIS_RETURN_IF_ERROR(reader.finish("presence block of " + name_));
  reach(block);
  std::uint64_t* words = words_.data() + block * kBlockWords;
  for (std::size_t i = 0; i < kBlockWords; ++i) count_ -= static_cast<std::uint64_t>(std::popcount(words[i]));
  std::memcpy(words, bits.data(), kBlockBytes);
  for (std::size_t i = 0; i < kBlockWords; ++i) count_ += static_cast<std::uint64_t>(std::popcount(words[i]));
  return Status::ok();
}

void PresenceSet::reach(std::uint32_t block) {
  if (block >= block_count()) words_.resize((std::size_t{block} + 1) * kBlockWords);
}

}  // namespace tamis::storage
