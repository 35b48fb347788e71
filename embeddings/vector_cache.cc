#include "embeddings/vector_cache.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string>
#include <system_error>

#include "common/checksum.h"
#include "common/sha256.h"

namespace tamis::embeddings {
namespace {

namespace fs = std::filesystem;

constexpr char kHead[16] = {'T', 'A', 'M', 'I', 'S', 'E', 'M', 'B', 1, 0, 0, 0, 0, 0, 0, 0};
constexpr std::size_t kRecordHead = 24;      // key, dim, complement
constexpr std::uint64_t kSegmentsOfAll = 8;  // a segment holds this part of the bound
constexpr std::uint64_t kMinSegmentBytes = 64u << 10;
constexpr const char* kSuffix = ".vectors";

std::uint64_t record_bytes(std::uint32_t dim) { return kRecordHead + std::uint64_t{dim} * 4 + 8; }

std::string encode(const VectorCache::Key& key, std::span<const float> vector) {
  const auto dim = static_cast<std::uint32_t>(vector.size());
  const std::uint32_t complement = ~dim;
  std::string record(reinterpret_cast<const char*>(key.data()), key.size());
  record.append(reinterpret_cast<const char*>(&dim), 4).append(reinterpret_cast<const char*>(&complement), 4);
  record.append(reinterpret_cast<const char*>(vector.data()), vector.size_bytes());
  const std::uint64_t checksum = checksum64(record.data(), record.size());
  return record.append(reinterpret_cast<const char*>(&checksum), 8);
}

bool read_exactly(int file, std::uint64_t offset, char* out, std::size_t count) {
  while (count > 0) {
    const ssize_t got = ::pread(file, out, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    out += got;
    offset += static_cast<std::uint64_t>(got);
    count -= static_cast<std::size_t>(got);
  }
  return true;
}

bool write_exactly(int file, std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    offset += static_cast<std::uint64_t>(put);
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

// The whole record at `offset`, verified; empty where there is none.
std::string read_record(int file, std::uint64_t offset) {
  char head[kRecordHead];
  if (!read_exactly(file, offset, head, sizeof(head))) return {};
  std::uint32_t dim = 0;
  std::uint32_t complement = 0;
  std::memcpy(&dim, head + 16, 4);
  std::memcpy(&complement, head + 20, 4);
  if (dim == 0 || dim > kMaxDim || complement != ~dim) return {};
  std::string record(record_bytes(dim), '\0');
  if (!read_exactly(file, offset, record.data(), record.size())) return {};
  std::uint64_t checksum = 0;
  std::memcpy(&checksum, record.data() + record.size() - 8, 8);
  return checksum64(record.data(), record.size() - 8) == checksum ? record : std::string();
}

}  // namespace

std::size_t VectorCache::KeyHash::operator()(const Key& key) const {
  std::size_t hash = 0;
  std::memcpy(&hash, key.data(), sizeof(hash));
  return hash;
}

VectorCache::Key VectorCache::key_of(std::string_view model, std::uint32_t dimensions, std::string_view text) {
  Sha256 hash;
  hash.add(model);
  hash.add(std::string(1, '\0') + std::to_string(dimensions) + std::string(1, '\0'));
  hash.add(text);
  const std::string digits = hash.hex();
  Key key{};
  for (std::size_t i = 0; i < key.size(); ++i) std::from_chars(&digits[2 * i], &digits[2 * i] + 2, key[i], 16);
  return key;
}

Result<std::unique_ptr<VectorCache>> VectorCache::open(const fs::path& dir, std::uint64_t max_bytes) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return Status::io_error("cannot create " + dir.string() + ": " + error.message());
  std::unique_ptr<VectorCache> cache(new VectorCache(dir, max_bytes));
  MutexLock lock(cache->mutex_);
  for (const std::uint64_t number : cache->list_segments()) {
    Segment segment;
    segment.file = ::open(cache->path_of(number).c_str(), O_RDWR | O_CLOEXEC);
    if (segment.file < 0) continue;  // another process trims
    cache->read_on(number, &segment);
    cache->segments_[number] = segment;
  }
  return cache;
}

VectorCache::~VectorCache() {
  MutexLock lock(mutex_);
  for (const auto& [number, segment] : segments_) ::close(segment.file);
}

fs::path VectorCache::path_of(std::uint64_t segment) const {
  char name[32];
  std::snprintf(name, sizeof(name), "%012llu%s", static_cast<unsigned long long>(segment), kSuffix);
  return dir_ / name;
}

std::vector<std::uint64_t> VectorCache::list_segments() const {
  std::vector<std::uint64_t> numbers;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir_, error)) {
    const std::string name = entry.path().stem().string();
    std::uint64_t number = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool is_one = bad == std::errc() && end == name.data() + name.size() && entry.path().extension() == kSuffix;
    if (is_one && number > 0) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

void VectorCache::read_on(std::uint64_t number, Segment* segment) {
  if (segment->valid_bytes == 0) {
    char head[sizeof(kHead)];
    if (!read_exactly(segment->file, 0, head, sizeof(head)) || std::memcmp(head, kHead, sizeof(head)) != 0) return;
    segment->valid_bytes = sizeof(kHead);
  }
  for (;;) {
    const std::string record = read_record(segment->file, segment->valid_bytes);
    if (record.empty()) return;
    Key key;
    std::memcpy(key.data(), record.data(), key.size());
    const auto dim = static_cast<std::uint32_t>((record.size() - kRecordHead - 8) / 4);
    places_[key] = {number, segment->valid_bytes, dim};
    segment->valid_bytes += record.size();
  }
}

std::vector<float> VectorCache::find(const Key& key) {
  MutexLock lock(mutex_);
  const auto place = places_.find(key);
  if (place == places_.end()) return {};
  const std::string record = read_record(segments_.at(place->second.segment).file, place->second.offset);
  std::vector<float> vector(place->second.dim);
  if (record.size() != record_bytes(place->second.dim) || std::memcmp(record.data(), key.data(), key.size()) != 0) {
    places_.erase(place);  // the disk has lost it
    return {};
  }
  std::memcpy(vector.data(), record.data() + kRecordHead, vector.size() * sizeof(float));
  return vector;
}

void VectorCache::put(const Key& key, std::span<const float> vector) {
  const std::string record = encode(key, vector);
  MutexLock lock(mutex_);
  const std::uint64_t segment_bytes = std::max(kMinSegmentBytes, max_bytes_ / kSegmentsOfAll);
  if (places_.contains(key) || is_failed_ || vector.empty() || vector.size() > kMaxDim) return;
  Status status;
  if (writing_ == 0 || segments_[writing_].valid_bytes + record.size() > segment_bytes) status = begin_segment();
  if (status.is_ok()) {
    Segment& segment = segments_[writing_];
    if (write_exactly(segment.file, segment.valid_bytes, record)) {
      places_[key] = {writing_, segment.valid_bytes, static_cast<std::uint32_t>(vector.size())};
      segment.valid_bytes += record.size();
      return;
    }
    status = Status::io_error(std::strerror(errno));
  }
  is_failed_ = true;
  spdlog::warn("vectors of texts are no longer kept in {}: {}", dir_.string(), status.to_string());
}

std::size_t VectorCache::size() const {
  MutexLock lock(mutex_);
  return places_.size();
}

bool VectorCache::take_over(std::uint64_t number) {
  Segment& segment = segments_[number];
  if (segment.valid_bytes == 0 || ::flock(segment.file, LOCK_EX | LOCK_NB) != 0) return false;
  read_on(number, &segment);  // what another process appended since
  return ::ftruncate(segment.file, static_cast<off_t>(segment.valid_bytes)) == 0;  // a torn end
}

Status VectorCache::begin_segment() {
  const std::uint64_t segment_bytes = std::max(kMinSegmentBytes, max_bytes_ / kSegmentsOfAll);
  if (writing_ == 0) {
    for (auto& [number, segment] : segments_) {
      if (segment.valid_bytes * 2 > segment_bytes || !take_over(number)) continue;
      writing_ = number;
      return Status::ok();
    }
  }
  const std::vector<std::uint64_t> there = list_segments();
  Segment segment;
  std::uint64_t number = there.empty() ? 1 : there.back() + 1;
  for (; segment.file < 0; ++number) {  // another process may take the name first
    segment.file = ::open(path_of(number).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (segment.file >= 0) break;
    if (errno != EEXIST)
      return Status::io_error("cannot create " + path_of(number).string() + ": " + std::strerror(errno));
  }
  if (::flock(segment.file, LOCK_EX | LOCK_NB) != 0 || !write_exactly(segment.file, 0, {kHead, sizeof(kHead)})) {
    ::close(segment.file);
    return Status::io_error("cannot write " + path_of(number).string() + ": " + std::strerror(errno));
  }
  segment.valid_bytes = sizeof(kHead);
  if (writing_ != 0) ::flock(segments_[writing_].file, LOCK_UN);
  segments_[number] = segment;
  writing_ = number;
  trim();
  return Status::ok();
}

void VectorCache::trim() {
  std::uint64_t total = 0;
  std::error_code error;
  const std::vector<std::uint64_t> numbers = list_segments();
  for (const std::uint64_t number : numbers) total += fs::file_size(path_of(number), error);
  const std::uint64_t room = std::max(kMinSegmentBytes, max_bytes_ / kSegmentsOfAll);  // of the one that begins
  for (const std::uint64_t number : numbers) {
    if (total + room <= std::max(max_bytes_, 2 * room) || number == writing_) return;
    total -= std::min<std::uint64_t>(total, fs::file_size(path_of(number), error));
    fs::remove(path_of(number), error);
    const auto segment = segments_.find(number);
    if (segment == segments_.end()) continue;
    std::erase_if(places_, [&](const auto& entry) { return entry.second.segment == number; });
    ::close(segment->second.file);
    segments_.erase(segment);
  }
}

}  // namespace tamis::embeddings
