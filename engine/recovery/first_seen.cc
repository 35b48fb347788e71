#include "engine/recovery/first_seen.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <variant>

#include "common/checksum.h"
#include "common/durable_files.h"

namespace tamis::engine {
namespace {

// The file: magic (8 bytes), sequence, count, count times, XXH3 of all before; little-endian 64-bit words.
constexpr char kMagic[8] = {'T', 'A', 'M', 'F', 'S', 'E', 'E', '1'};
constexpr std::size_t kWord = sizeof(std::uint64_t);
constexpr std::uint64_t kMaxFileBytes = (std::uint64_t{kNoDenseId} + 4) * kWord;

void append_word(std::uint64_t word, std::string* out) { out->append(reinterpret_cast<const char*>(&word), kWord); }

std::uint64_t word_at(const std::string& bytes, std::size_t index) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes.data() + index * kWord, kWord);
  return word;
}

// Mutations that create an item which was never seen.
bool names_item(const Mutation& mutation) {
  if (const auto* put = std::get_if<PutEntity>(&mutation)) return put->kind == EntityKind::kItem;
  if (const auto* put = std::get_if<PutVector>(&mutation)) return put->kind == EntityKind::kItem;
  return std::holds_alternative<PutInteraction>(mutation);
}

}  // namespace

FirstSeen FirstSeen::of(const EntityTable& table, Sequence sequence) {
  FirstSeen made;
  made.sequence_ = sequence;
  made.first_ms_.resize(table.id_end());
  table.scan_ids(0, [&](DenseId id) {
    if (id >= made.first_ms_.size()) made.first_ms_.resize(id + std::size_t{1});
    made.first_ms_[id] = table.first_seen_ms(id);
    return true;
  });
  return made;
}

Result<FirstSeen> FirstSeen::load(const std::filesystem::path& file, Sequence last_sequence) {
  TAMIS_ASSIGN_OR_RETURN(const std::string bytes, read_whole_file(file, kMaxFileBytes));
  const std::size_t words = bytes.size() / kWord;
  if (bytes.size() % kWord != 0 || words < 4 || std::memcmp(bytes.data(), kMagic, sizeof(kMagic)) != 0 ||
      word_at(bytes, 2) != words - 4 || word_at(bytes, words - 1) != checksum64(bytes.data(), (words - 1) * kWord) ||
      word_at(bytes, 1) > last_sequence) {
    return Status::corruption(file.string() + " does not match the store");
  }
  FirstSeen loaded;
  loaded.sequence_ = word_at(bytes, 1);
  loaded.first_ms_.resize(words - 4);
  if (words > 4) std::memcpy(loaded.first_ms_.data(), bytes.data() + 3 * kWord, (words - 4) * kWord);
  return loaded;
}

Status FirstSeen::save(const std::filesystem::path& file) const {
  std::string bytes(kMagic, sizeof(kMagic));
  append_word(sequence_, &bytes);
  append_word(first_ms_.size(), &bytes);
  bytes.append(reinterpret_cast<const char*>(first_ms_.data()), first_ms_.size() * kWord);
  append_word(checksum64(bytes.data(), bytes.size()), &bytes);
  return replace_file(file, bytes);
}

void FirstSeen::apply(const storage::CommittedRecord& record) {
  sequence_ = std::max(sequence_, record.sequence);
  if (record.item == kNoDenseId) return;
  if (const auto* erased = std::get_if<DeleteEntity>(&record.mutation)) {
    if (erased->kind == EntityKind::kItem && record.item < first_ms_.size()) first_ms_[record.item] = 0;
    return;
  }
  if (!names_item(record.mutation)) return;
  // Dense ids are given out in order: one below the end that is 0 was deleted, and returns by a put alone.
  const bool is_new = record.item >= first_ms_.size();
  if (is_new) first_ms_.resize(record.item + std::size_t{1});
  if (first_ms_[record.item] != 0) return;
  if (is_new || std::holds_alternative<PutEntity>(record.mutation)) first_ms_[record.item] = record.committed_ms;
}

}  // namespace tamis::engine
