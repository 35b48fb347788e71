// VectorCache: vectors of texts that were asked for before, on disk, so that a retrain asks for new texts alone.
//
// A folder of segments, "<number>.vectors": 16 bytes of head (magic, version), then records of key (16), dim (4), the
// length's complement (4), values (4 each) and XXH3-64 of all that (8), little-endian. Records are appended and never
// changed; a torn or damaged record ends its segment. Several processes may share the folder: each appends to a segment
// that it has locked. Past the bound the oldest segments go.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/mutex.h"
#include "common/status.h"

namespace tamis::embeddings {

inline constexpr std::uint32_t kMaxDim = 4'096;  // of what an endpoint may answer

// Thread-safe. It is a cache: what cannot be read is not there, what cannot be written is not kept (and told in the
// log).
class VectorCache {
 public:
  using Key = std::array<unsigned char, 16>;
  // Of a text by a model: the first half of SHA-256.
  static Key key_of(std::string_view model, std::uint32_t dimensions, std::string_view text);

  // Creates the folder and reads which vectors it holds. `max_bytes` above 0. io_error.
  static Result<std::unique_ptr<VectorCache>> open(const std::filesystem::path& dir, std::uint64_t max_bytes);
  ~VectorCache();

  // Empty where it is not there.
  std::vector<float> find(const Key& key);
  void put(const Key& key, std::span<const float> vector);
  std::size_t size() const;

 private:
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  struct Segment {
    int file = -1;
    std::uint64_t valid_bytes = 0;  // up to the end of the last whole record
  };
  struct Place {
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;
    std::uint32_t dim = 0;
  };

  VectorCache(std::filesystem::path dir, std::uint64_t max_bytes) : dir_(std::move(dir)), max_bytes_(max_bytes) {}
  std::filesystem::path path_of(std::uint64_t segment) const;
  std::vector<std::uint64_t> list_segments() const;  // ascending
  // Reads the records that follow the valid ones.
  void read_on(std::uint64_t number, Segment* segment) TAMIS_REQUIRES(mutex_);
  Status begin_segment() TAMIS_REQUIRES(mutex_);
  bool take_over(std::uint64_t number) TAMIS_REQUIRES(mutex_);
  void trim() TAMIS_REQUIRES(mutex_);

  const std::filesystem::path dir_;
  const std::uint64_t max_bytes_;
  mutable Mutex mutex_;  // held while the disk is read: a row is small, and questions are rare beside requests
  std::map<std::uint64_t, Segment> segments_ TAMIS_GUARDED_BY(mutex_);
  std::unordered_map<Key, Place, KeyHash> places_ TAMIS_GUARDED_BY(mutex_);
  std::uint64_t writing_ TAMIS_GUARDED_BY(mutex_) = 0;  // the segment that is appended to; 0: none yet
  bool is_failed_ TAMIS_GUARDED_BY(mutex_) = false;     // of writing: told once
};

}  // namespace tamis::embeddings
