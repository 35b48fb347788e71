#include "client/import/row_key.h"

#include <cstdio>
#include <filesystem>
#include <system_error>

#include "client/import/csv_flags.h"
#include "common/checksum.h"

namespace tamis::client {
namespace {

// 96 bits: of a billion rows, two share a key with a chance below 1 in 10^11.
std::string key_of(std::string bytes) {
  const std::uint64_t first = checksum64(bytes.data(), bytes.size());
  bytes += '\1';
  const std::uint64_t second = checksum64(bytes.data(), bytes.size());
  char key[32];
  std::snprintf(key, sizeof key, "row-%016llx%08llx", static_cast<unsigned long long>(first),
                static_cast<unsigned long long>(second & 0xffffffffu));
  return key;
}

}  // namespace

std::uint64_t OccurrenceCounter::next(std::uint64_t hash) {
  if (hash == 0) hash = 1;
  if (used_ * 4 >= slots_.size() * 3) grow();
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash & mask;
  while (slots_[slot] != 0 && slots_[slot] != hash) slot = (slot + 1) & mask;
  if (slots_[slot] == 0) {
    slots_[slot] = hash;
    ++used_;
    return 1;
  }
  return 1 + ++repeated_[hash];
}

void OccurrenceCounter::grow() {
  std::vector<std::uint64_t> old(slots_.size() * 2);
  old.swap(slots_);
  const std::size_t mask = slots_.size() - 1;
  for (const std::uint64_t hash : old) {
    if (hash == 0) continue;
    std::size_t slot = hash & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = hash;
  }
}

std::string source_name(const std::string& path) {
  std::error_code error;
  std::filesystem::path full = std::filesystem::weakly_canonical(path, error);
  if (error) full = path;
  return full.parent_path().filename().string() + "/" + without_compression(full.filename().string());
}

std::string RowKeys::next(std::string_view content, bool has_time) {
  std::string bytes(content);
  bytes += '\0';
  bytes += std::to_string(occurrences_.next(checksum64(content.data(), content.size())));
  bytes += '\0';
  if (!has_time) bytes += source_;
  has_used_source_ = has_used_source_ || !has_time;
  return key_of(std::move(bytes));
}

std::string RowKeys::of_name(std::string_view name) { return key_of("name:" + std::string(name)); }

}  // namespace tamis::client
