#include "client/import/generation_archive.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

namespace tamis::client {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 512;
constexpr std::size_t kNameBytes = 100;
constexpr std::size_t kPieceBytes = 256u << 10;
constexpr std::uint64_t kOctalLimit = 1ull << 33;

struct Entry {
  fs::path path;
  std::uint64_t bytes = 0;
};

// By name, so that equal folders make equal archives.
Result<std::vector<Entry>> list(const fs::path& dir) {
  std::error_code error;
  if (!fs::is_directory(dir, error)) return Status::not_found(dir.string() + " is no folder");
  std::vector<Entry> entries;
  for (fs::directory_iterator at(dir, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!at->is_regular_file(error) || name.size() > kNameBytes)
      return Status::invalid_argument(at->path().string() + " is no plain file with a name of up to 100 bytes");
    entries.push_back({at->path(), at->file_size(error)});
  }
  if (error) return Status::io_error("cannot list " + dir.string() + ": " + error.message());
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.path < b.path; });
  const bool has_manifest = std::any_of(entries.begin(), entries.end(),
                                        [](const Entry& entry) { return entry.path.filename() == "manifest.json"; });
  if (!has_manifest) return Status::invalid_argument(dir.string() + " holds no manifest.json: it is no generation");
  return entries;
}

std::uint64_t padding(std::uint64_t bytes) { return (kBlock - bytes % kBlock) % kBlock; }

std::string header_of(const Entry& entry) {
  std::string header(kBlock, '\0');
  const auto put = [&](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
  char digits[16];
  put(0, entry.path.filename().string());
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  if (entry.bytes < kOctalLimit) {
    std::snprintf(digits, sizeof(digits), "%011llo", static_cast<unsigned long long>(entry.bytes));
    put(124, digits);
  } else {  // GNU's base 256
    header[124] = '\x80';
    for (std::size_t i = 0; i < 8; ++i) header[135 - i] = static_cast<char>(entry.bytes >> 8 * i & 0xFF);
  }
  put(136, "00000000000");
  put(148, "        ");
  header[156] = '0';
  put(257, std::string_view("ustar\0"
                            "00",
                            8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  std::snprintf(digits, sizeof(digits), "%06o", sum);
  put(148, std::string_view(digits, 7));  // six digits and their zero, then the blank that is there
  return header;
}

}  // namespace

Result<std::uint64_t> archive_bytes(const fs::path& dir) {
  TAMIS_ASSIGN_OR_RETURN(const std::vector<Entry> entries, list(dir));
  std::uint64_t total = 2 * kBlock;
  for (const Entry& entry : entries) total += kBlock + entry.bytes + padding(entry.bytes);
  return total;
}

Status pack_directory(const fs::path& dir, const ArchiveReceiver& receive) {
  TAMIS_ASSIGN_OR_RETURN(const std::vector<Entry> entries, list(dir));
  std::string piece(kPieceBytes, '\0');
  for (const Entry& entry : entries) {
    TAMIS_ASSIGN_OR_RETURN(bool goes_on, receive(header_of(entry)));
    std::ifstream file(entry.path, std::ios::binary);
    for (std::uint64_t left = entry.bytes; goes_on && left > 0;) {
      const auto count = std::min<std::uint64_t>(left, piece.size());
      if (!file.read(piece.data(), static_cast<std::streamsize>(count)))
        return Status::io_error("cannot read " + entry.path.string() + " to its end");
      TAMIS_ASSIGN_OR_RETURN(goes_on, receive(std::string_view(piece).substr(0, count)));
      left -= count;
    }
    if (goes_on && padding(entry.bytes) > 0) {
      TAMIS_ASSIGN_OR_RETURN(goes_on, receive(std::string(padding(entry.bytes), '\0')));
    }
    if (!goes_on) return Status::ok();
  }
  return receive(std::string(2 * kBlock, '\0')).status();
}

}  // namespace tamis::client
