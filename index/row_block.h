// RowBlock: rows in order of insertion, each with an id and a tombstone. The part that growing and sealed segments
// share.
//
// Threads: one writer at a time appends (externally synchronised); readers use rows below count(), which publishes
// them. Tombstones may be set by any thread at any time and are never cleared. Rows never change or move.
#pragma once

#include <atomic>
#include <memory>
#include <span>

#include "index/huge_buffer.h"
#include "index/row_format.h"

namespace tamis::index {

class RowBlock {
 public:
  // `keep_f32`: quantized rows keep their f32 originals beside them, for re-scoring and for rebuilding. May throw
  // bad_alloc.
  RowBlock(const RowFormat& format, std::uint32_t capacity, bool keep_f32);

  const RowFormat& format() const { return format_; }
  std::uint32_t capacity() const { return capacity_; }
  std::uint32_t count() const { return count_.load(std::memory_order_acquire); }
  bool keeps_f32() const { return originals_.size_bytes() != 0 || format_.quantization() == Quantization::kF32; }

  // `vector` is as RowFormat::normalize() made it. Returns the row. REQUIRES: count() < capacity().
  std::uint32_t append(DenseId id, const float* vector);
  // Copies a row, without its tombstone, of another block of the same format and settings.
  std::uint32_t append_copy(const RowBlock& other, std::uint32_t row);
  // Sets the row's tombstone; false where it had one.
  bool bury(std::uint32_t row);

  bool is_live(std::uint32_t row) const {
    return (tombstones_[row / 64].load(std::memory_order_acquire) >> (row % 64) & 1U) == 0;
  }
  std::uint32_t tombstones() const { return buried_.load(std::memory_order_relaxed); }
  std::uint32_t live() const { return count() - tombstones(); }

  RowSet rows() const { return {rows_.data(), format_.stride_bytes()}; }
  DenseId id(std::uint32_t row) const { return format_.tail(rows().row(row)).id; }
  // The f32 row where it is kept, else null.
  const float* original(std::uint32_t row) const;
  // The f32 row, dequantized to `scratch` [dim] where it is not kept.
  const float* vector(std::uint32_t row, float* scratch) const;
  float exact_distance(const Query& query, std::uint32_t row) const;

  // The first rows as they lie in memory, for index files. originals: empty where none are kept beside the rows.
  std::span<const std::uint8_t> row_bytes(std::uint32_t count) const {
    return {rows_.data(), count * format_.stride_bytes()};
  }
  std::span<const std::uint8_t> original_bytes(std::uint32_t count) const {
    return {originals_.data(), originals_.size_bytes() != 0 ? count * std::size_t{format_.dim()} * sizeof(float) : 0};
  }
  // While loading, before any reader: the whole room, and how much of it has been filled.
  std::span<std::uint8_t> row_bytes() { return {rows_.data(), rows_.size_bytes()}; }
  std::span<std::uint8_t> original_bytes() { return {originals_.data(), originals_.size_bytes()}; }
  void restore(std::uint32_t count) { count_.store(count, std::memory_order_release); }

  std::uint64_t memory_bytes() const;

 private:
  RowFormat format_;
  std::uint32_t capacity_;
  HugeBuffer rows_;
  HugeBuffer originals_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> tombstones_;
  std::atomic<std::uint32_t> count_{0};
  std::atomic<std::uint32_t> buried_{0};
};

}  // namespace tamis::index
