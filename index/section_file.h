// SectionFile: a file of checked sections, written whole and read whole.
//
//     header (64 bytes) | table (32 bytes a section) | sections, one after the other
//     header: "TAMISIDX" | u32 format version | u32 sections | u64 file length | u64 sequence | 16 bytes of the owner's
//             | u64 XXH3 of the table | u64 XXH3 of the 56 bytes before
//     table:  u32 kind | u32 owner | u64 offset | u64 length | u64 XXH3 of the section
//
// Little-endian. Every byte lies under a checksum; nothing of a file is believed before all of them hold.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "common/ids.h"
#include "common/status.h"

namespace tamis::index {

inline constexpr std::uint32_t kIndexFormatVersion = 1;

// What the file is of; compared with what the reader expects.
using FileOwner = std::array<std::uint8_t, 16>;

// A section to be written. `bytes` must stay unchanged while writing.
struct SectionToWrite {
  std::uint32_t kind = 0;
  std::uint32_t owner = 0;  // which segment
  std::span<const std::uint8_t> bytes;
};

// Writes under a temporary name in the same directory, syncs, renames to `path`, syncs the directory. io_error or
// resource_exhausted (disk full) leave an earlier file at `path` as it was.
Status write_section_file(const std::filesystem::path& path, const FileOwner& owner, Sequence sequence,
                          std::span<const SectionToWrite> sections);

struct SectionOnDisk {
  std::uint32_t kind = 0;
  std::uint32_t owner = 0;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint64_t checksum = 0;
};

// An open file whose header and table have been verified. Externally synchronised, movable.
class SectionFile {
 public:
  // not_found; corruption (magic, version, owner, lengths, checksums); io_error.
  static Result<SectionFile> open(const std::filesystem::path& path, const FileOwner& owner);
  SectionFile(SectionFile&& other) noexcept;
  SectionFile& operator=(SectionFile&&) = delete;
  ~SectionFile();

  Sequence sequence() const { return sequence_; }
  std::span<const SectionOnDisk> sections() const { return sections_; }
  // Fills `out` with a section and verifies it. REQUIRES: out.size() == section.length.
  Status read(const SectionOnDisk& section, std::span<std::uint8_t> out) const;

 private:
  explicit SectionFile(int file) : file_(file) {}
  int file_;
  Sequence sequence_ = 0;
  std::vector<SectionOnDisk> sections_;
};

}  // namespace tamis::index
