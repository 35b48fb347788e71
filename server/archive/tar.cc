#include "server/archive/tar.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace tamis::server {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kNameBytes = 100;
constexpr std::size_t kSizeAt = 124;
constexpr std::size_t kSizeBytes = 12;
constexpr std::size_t kChecksumAt = 148;
constexpr std::size_t kChecksumBytes = 8;
constexpr std::size_t kTypeAt = 156;
constexpr std::size_t kMagicAt = 257;
constexpr std::size_t kMaxFiles = 1'000;

Status malformed(const std::string& what) {
  return Status::invalid_argument("the archive " + what + "; expected a tar of plain files").at_field("body");
}

// Octal digits, or after a byte of 0x80 the number in base 256 (GNU, for 8 GiB and more).
bool parse_number(std::string_view field, std::uint64_t* number) {
  *number = 0;
  if (static_cast<unsigned char>(field[0]) == 0x80) {
    for (const char c : field.substr(field.size() - 8)) *number = *number << 8 | static_cast<unsigned char>(c);
    return *number >> 62 == 0;
  }
  std::size_t at = field.find_first_not_of(' ');
  if (at == field.npos || field[at] < '0' || field[at] > '7') return false;
  for (; at < field.size() && field[at] >= '0' && field[at] <= '7'; ++at)
    *number = *number * 8 + static_cast<std::uint64_t>(field[at] - '0');
  return at == field.size() || field[at] == ' ' || field[at] == '\0';
}

std::uint64_t checksum_of(std::string_view header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const bool is_own = i >= kChecksumAt && i < kChecksumAt + kChecksumBytes;
    sum += is_own ? ' ' : static_cast<unsigned char>(header[i]);
  }
  return sum;
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name[0] != '.' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

std::uint64_t padding_of(std::uint64_t size) { return (kBlock - size % kBlock) % kBlock; }

}  // namespace

Status TarReader::add(std::string_view bytes) {
  while (!bytes.empty() && !has_ended_) {
    if (remaining_ > 0) {
      const std::string_view data = bytes.substr(0, remaining_);
      TAMIS_RETURN_IF_ERROR(take(data));
      bytes.remove_prefix(data.size());
      remaining_ -= data.size();
      if (remaining_ == 0) TAMIS_RETURN_IF_ERROR(end_entry());
    } else if (padding_ > 0) {
      const std::uint64_t skipped = std::min<std::uint64_t>(padding_, bytes.size());
      padding_ -= skipped;
      bytes.remove_prefix(skipped);
    } else {
      const std::string_view part = bytes.substr(0, kBlock - header_.size());
      header_ += part;
      bytes.remove_prefix(part.size());
      if (header_.size() == kBlock) TAMIS_RETURN_IF_ERROR(begin_entry());
    }
  }
  return Status::ok();
}

Status TarReader::begin_entry() {
  const std::string header = std::exchange(header_, {});
  if (header.find_first_not_of('\0') == std::string::npos) {
    has_ended_ = true;
    return Status::ok();
  }
  std::uint64_t checksum = 0;
  if (header.compare(kMagicAt, 5, "ustar") != 0 ||
      !parse_number(std::string_view(header).substr(kChecksumAt, kChecksumBytes), &checksum) ||
      checksum != checksum_of(header))
    return malformed("has a header that is not one");
  if (!parse_number(std::string_view(header).substr(kSizeAt, kSizeBytes), &remaining_))
    return malformed("has an entry of no size");
  padding_ = padding_of(remaining_);
  name_ = header.substr(0, std::min(header.find('\0'), kNameBytes));
  const char type = header[kTypeAt];
  if (type == '5' || type == 'x' || type == 'g') return Status::ok();  // take() passes over the data
  if (name_.starts_with("./")) name_.erase(0, 2);
  if ((type != '0' && type != '\0') || !is_plain_name(name_))
    return malformed("holds \"" + name_.substr(0, 64) + "\", which is no plain file beside the manifest");
  if (++files_ > kMaxFiles) return malformed("holds more than " + std::to_string(kMaxFiles) + " files");
  file_.open(dir_ / name_, std::ios::binary | std::ios::trunc);
  if (!file_) return Status::io_error("cannot create " + (dir_ / name_).string() + ": " + std::strerror(errno));
  return remaining_ == 0 ? end_entry() : Status::ok();
}

Status TarReader::take(std::string_view bytes) {
  if (!file_.is_open()) return Status::ok();
  if (file_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()))) return Status::ok();
  const int error = errno;
  std::string message = "cannot write " + (dir_ / name_).string() + ": " + std::strerror(error);
  return error == ENOSPC ? Status::resource_exhausted(std::move(message)) : Status::io_error(std::move(message));
}

Status TarReader::end_entry() {
  if (!file_.is_open()) return Status::ok();
  file_.close();
  return file_ ? Status::ok() : Status::io_error("cannot write " + (dir_ / name_).string());
}

Status TarReader::finish() {
  if (remaining_ > 0 || !header_.empty()) return malformed("is cut off");
  if (files_ == 0) return malformed("is empty");
  return Status::ok();
}

std::string tar_header(std::string_view name, std::uint64_t size_bytes) {
  std::string header(kBlock, '\0');
  const auto put = [&](std::size_t at, std::string_view text) { header.replace(at, text.size(), text); };
  char digits[kSizeBytes + 1];
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  if (size_bytes < 1ull << 33) {
    std::snprintf(digits, sizeof(digits), "%011llo", static_cast<unsigned long long>(size_bytes));
    put(kSizeAt, digits);
  } else {
    header[kSizeAt] = '\x80';
    for (std::size_t i = 0; i < 8; ++i)
      header[kSizeAt + kSizeBytes - 1 - i] = static_cast<char>(size_bytes >> 8 * i & 0xFF);
  }
  put(136, "00000000000");
  header[kTypeAt] = '0';
  put(kMagicAt, std::string_view("ustar\0"
                                 "00",
                                 8));
  std::snprintf(digits, sizeof(digits), "%06llo", static_cast<unsigned long long>(checksum_of(header)));
  put(kChecksumAt, digits);
  header[kChecksumAt + 7] = ' ';
  return header;
}

std::string tar_padding(std::uint64_t size_bytes) { return std::string(padding_of(size_bytes), '\0'); }

std::string tar_end() { return std::string(2 * kBlock, '\0'); }

}  // namespace tamis::server
