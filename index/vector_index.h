// VectorIndex: approximate and exact nearest neighbours of one space, updated while it is searched.
//
// A set of segments: one growing, the others sealed and immutable but for tombstones. A changed vector is an insert and
// a tombstone. Background merges drop tombstones. Rows are held in the space's quantization; results are re-scored so
// that scores are exact to the stored f32 values (int8, f16: to the f32 row where there is one, see IndexOptions).
// Graph: HNSW (Malkov & Yashunin 2018, doi:10.1109/TPAMI.2018.2889473), built by hnswlib, searched by our own loop.
// Threads: every method is thread-safe; searches take no lock that a writer holds for long. Files are disposable
// caches.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/cancellation.h"
#include "common/ids.h"
#include "common/records.h"
#include "common/status.h"
#include "index/bitmap.h"

namespace tamis::index {

// The f32 rows that an index does not hold itself.
class OriginalRows {
 public:
  virtual ~OriginalRows() = default;
  // Copies the vectors of `ids` to `out` [ids.size(), dim], row-major, as they were given to upsert(). Sets `found`
  // [ids] where there is a vector; the caller has cleared it. A row may be newer or older than the one in the index.
  // Any thread may call this; the index holds no lock meanwhile.
  virtual void read(std::span<const DenseId> ids, std::span<float> out, std::span<bool> found) const = 0;
};

struct IndexOptions {
  std::uint32_t dim = 0;
  Metric metric = Metric::kCosine;
  Quantization quantization = Quantization::kInt8;
  std::uint32_t m = 16;                 // graph degree, 4..64; layer 0 has 2m
  std::uint32_t ef_construction = 200;  // 10..2000
  double recall_target = 0.98;          // of recall@10; `ef` follows it
  std::uint32_t growing_limit = 8'192;  // rows at which the growing segment is sealed, 16..1000000
  std::uint32_t build_threads = 1;      // 1..256; one gives the same graph each time
  std::uint64_t seed = 42;
  // f16 and int8 rows keep their f32 originals in memory, so that scores are exact. Without them a row costs a fifth
  // (int8); scores are exact where `originals` has them, else they carry the quantization's error.
  bool keep_f32 = true;
  std::shared_ptr<const OriginalRows> originals = nullptr;  // null: nowhere else. Used where keep_f32 is false
  // Ends graph builds early: upsert_batch() is then unavailable, and merges are left undone. Null: only the index's own
  // end does. Outlives the index.
  const Cancellation* cancellation = nullptr;
};

// invalid_argument naming the option, the value and the range.
Status validate_index_options(const IndexOptions& options);

struct Neighbor {
  DenseId id = kNoDenseId;
  float score = 0;  // higher is nearer: inner product, cosine similarity, or minus the squared L2 distance
};

struct SearchOptions {
  std::uint32_t ef = 0;            // 0: follows the recall target
  const Bitmap* filter = nullptr;  // only ids in it; null for all
  bool exact = false;              // scan instead of graph
};

struct IndexStats {
  std::uint64_t vectors = 0;  // live
  std::uint64_t tombstones = 0;
  std::uint64_t segments = 0;
  std::uint64_t memory_bytes = 0;
  std::uint64_t searches = 0;
  std::uint64_t merges = 0;
  std::uint32_t ef = 0;  // in force
  double recall = 1.0;   // live estimate of recall@10 over sampled queries; 1 before the first sample
  std::uint64_t recall_samples = 0;
};

class VectorIndex {
 public:
  // invalid_argument where an option is out of range.
  static Result<std::unique_ptr<VectorIndex>> create(const IndexOptions& options);
  // Reads files written by save(). corruption (any mismatch of magic, version, length, checksum or options: the caller
  // rebuilds from RocksDB) or not_found. Sets `sequence` to the one given to save().
  static Result<std::unique_ptr<VectorIndex>> load(const std::filesystem::path& dir, const IndexOptions& options,
                                                   Sequence* sequence);
  virtual ~VectorIndex() = default;

  // Replaces an earlier vector of `id`. Visible to searches that start after it returns. invalid_argument
  // (vector_check.h): nothing has changed.
  virtual Status upsert(DenseId id, std::span<const float> vector) = 0;
  // Many at once: builds a graph in parallel where that pays. `vectors` is [ids.size(), dim], row-major. One refused
  // vector refuses all: callers that cannot trust theirs check each before.
  virtual Status upsert_batch(std::span<const DenseId> ids, std::span<const float> vectors) = 0;
  virtual void remove(DenseId id) = 0;  // no effect where absent

  // At most k neighbours, best first. invalid_argument (dim, NaN, k = 0).
  virtual Result<std::vector<Neighbor>> search(std::span<const float> query, std::size_t k,
                                               const SearchOptions& options = {}) const = 0;

  virtual bool contains(DenseId id) const = 0;
  // Copies the row (dequantized where f32 is not held) to `out` [dim]; false where absent.
  virtual bool get(DenseId id, std::span<float> out) const = 0;
  // The same by the f32 row wherever it is. May read a file.
  virtual bool get_original(DenseId id, std::span<float> out) const = 0;
  virtual std::size_t size() const = 0;

  // Writes all segments to `dir` (temporary name, fsync, rename) as a state that reflects `sequence`. Serving goes on.
  virtual Status save(const std::filesystem::path& dir, Sequence sequence) const = 0;

  // Seals the growing segment and merges until one segment without tombstones is left. For tests and benchmarks.
  virtual void compact() = 0;
  // Re-runs sampled recent queries exactly and adapts `ef`. The engine calls it from a background thread.
  virtual void measure_recall() = 0;
  virtual IndexStats stats() const = 0;
};

}  // namespace tamis::index
