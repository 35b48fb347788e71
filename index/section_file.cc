#include "index/section_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "common/checksum.h"
#include "common/durable_files.h"

namespace tamis::index {
namespace {

static_assert(std::endian::native == std::endian::little, "index files are little-endian");

constexpr std::array<char, 8> kMagic = {'T', 'A', 'M', 'I', 'S', 'I', 'D', 'X'};
constexpr std::uint32_t kMostSections = 1U << 20;

struct Header {  // persistent
  std::array<char, 8> magic = kMagic;
  std::uint32_t version = kIndexFormatVersion;
  std::uint32_t sections = 0;
  std::uint64_t file_length = 0;
  std::uint64_t sequence = 0;
  FileOwner owner = {};
  std::uint64_t table_checksum = 0;
  std::uint64_t header_checksum = 0;
};
static_assert(sizeof(Header) == 64 && sizeof(SectionOnDisk) == 32);

std::uint64_t header_checksum(const Header& header) { return checksum64(&header, offsetof(Header, header_checksum)); }

Status system_error(const std::string& what, const std::filesystem::path& path) {
  const int code = errno;
  const std::string message = what + " " + path.string() + ": " + std::generic_category().message(code);
  if (code == ENOSPC || code == EDQUOT || code == EFBIG) return Status::resource_exhausted(message);
  return Status::io_error(message);
}

bool read_all(int file, std::uint64_t offset, std::span<std::uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = ::pread(file, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (got == 0) errno = EIO;
      return false;
    }
    offset += static_cast<std::uint64_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return true;
}

}  // namespace

Status write_section_file(const std::filesystem::path& path, const FileOwner& owner, Sequence sequence,
                          std::span<const SectionToWrite> sections) {
  Header header;
  header.sections = static_cast<std::uint32_t>(sections.size());
  header.sequence = sequence;
  header.owner = owner;
  std::vector<SectionOnDisk> table;
  std::uint64_t offset = sizeof(Header) + sections.size() * sizeof(SectionOnDisk);
  for (const SectionToWrite& section : sections) {
    table.push_back({section.kind, section.owner, offset, section.bytes.size(),
                     checksum64(section.bytes.data(), section.bytes.size())});
    offset += section.bytes.size();
  }
  header.file_length = offset;
  header.table_checksum = checksum64(table.data(), table.size() * sizeof(SectionOnDisk));
  header.header_checksum = header_checksum(header);

  std::vector<std::string_view> parts = {as_part(&header, 1), as_part(table.data(), table.size())};
  for (const SectionToWrite& section : sections) parts.push_back(as_part(section.bytes.data(), section.bytes.size()));
  return replace_file(path, parts);
}

SectionFile::SectionFile(SectionFile&& other) noexcept
    : file_(std::exchange(other.file_, -1)), sequence_(other.sequence_), sections_(std::move(other.sections_)) {}

SectionFile::~SectionFile() {
  if (file_ >= 0) ::close(file_);
}

Result<SectionFile> SectionFile::open(const std::filesystem::path& path, const FileOwner& owner) {
  SectionFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.file_ < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return Status::not_found(path.string() + " does not exist");
    return system_error("cannot open", path);
  }
  struct stat info = {};
  if (::fstat(file.file_, &info) != 0) return system_error("cannot stat", path);
  if (!S_ISREG(info.st_mode)) return Status::corruption(path.string() + " is not a regular file");
  const auto length = static_cast<std::uint64_t>(info.st_size);
  const auto corrupt = [&](const char* what) { return Status::corruption(path.string() + ": " + what); };

  Header header;
  if (length < sizeof(Header)) return corrupt("shorter than a header");
  if (!read_all(file.file_, 0, {reinterpret_cast<std::uint8_t*>(&header), sizeof(header)})) {
    return system_error("cannot read", path);
  }
  if (header.magic != kMagic) return corrupt("not an index file");
  if (header.header_checksum != header_checksum(header)) return corrupt("the header's checksum does not hold");
  if (header.version != kIndexFormatVersion) return corrupt("another format version");
  if (header.owner != owner) return corrupt("an index with other options");
  if (header.file_length != length) return corrupt("not as long as its header says");
  if (header.sections > kMostSections ||
      sizeof(Header) + std::uint64_t{header.sections} * sizeof(SectionOnDisk) > length) {
    return corrupt("an impossible number of sections");
  }
  file.sequence_ = header.sequence;
  file.sections_.resize(header.sections);
  const std::uint64_t table_bytes = header.sections * sizeof(SectionOnDisk);
  if (!read_all(file.file_, sizeof(Header), {reinterpret_cast<std::uint8_t*>(file.sections_.data()), table_bytes})) {
    return system_error("cannot read", path);
  }
  if (checksum64(file.sections_.data(), table_bytes) != header.table_checksum) {
    return corrupt("the section table's checksum does not hold");
  }
  std::uint64_t offset = sizeof(Header) + table_bytes;
  for (const SectionOnDisk& section : file.sections_) {
    if (section.offset != offset || section.length > length - offset) return corrupt("a section lies out of bounds");
    offset += section.length;
  }
  if (offset != length) return corrupt("sections do not fill the file");
  return file;
}

Status SectionFile::read(const SectionOnDisk& section, std::span<std::uint8_t> out) const {
  if (!read_all(file_, section.offset, out)) return system_error("cannot read", "an index file");
  if (checksum64(out.data(), out.size()) != section.checksum) {
    return Status::corruption("section " + std::to_string(section.kind) + " of segment " +
                              std::to_string(section.owner) + ": the checksum does not hold");
  }
  return Status::ok();
}

}  // namespace tamis::index
