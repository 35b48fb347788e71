#include "index/row_block.h"

#include <cassert>
#include <cstring>
#include <vector>

namespace tamis::index {

RowBlock::RowBlock(const RowFormat& format, std::uint32_t capacity, bool keep_f32)
    : format_(format),
      capacity_(capacity),
      rows_(std::size_t{capacity} * format.stride_bytes()),
      originals_(keep_f32 && format.quantization() != Quantization::kF32
                     ? std::size_t{capacity} * format.dim() * sizeof(float)
                     : 0),
      tombstones_(new std::atomic<std::uint64_t>[(std::size_t{capacity} + 63) / 64]()) {}

std::uint32_t RowBlock::append(DenseId id, const float* vector) {
  const std::uint32_t row = count_.load(std::memory_order_relaxed);
  assert(row < capacity_);
  format_.encode(vector, id, rows_.data() + row * format_.stride_bytes());
  if (originals_.size_bytes() != 0) {
    const std::size_t bytes = format_.dim() * sizeof(float);
    std::memcpy(originals_.data() + row * bytes, vector, bytes);
  }
  count_.store(row + 1, std::memory_order_release);
  return row;
}

std::uint32_t RowBlock::append_copy(const RowBlock& other, std::uint32_t from) {
  const std::uint32_t row = count_.load(std::memory_order_relaxed);
  assert(row < capacity_);
  const std::size_t stride = format_.stride_bytes();
  std::memcpy(rows_.data() + row * stride, other.rows_.data() + from * stride, stride);
  if (originals_.size_bytes() != 0) {
    const std::size_t bytes = format_.dim() * sizeof(float);
    std::memcpy(originals_.data() + row * bytes, other.originals_.data() + from * bytes, bytes);
  }
  count_.store(row + 1, std::memory_order_release);
  return row;
}

bool RowBlock::bury(std::uint32_t row) {
  const std::uint64_t bit = std::uint64_t{1} << (row % 64);
  if ((tombstones_[row / 64].fetch_or(bit, std::memory_order_acq_rel) & bit) != 0) return false;
  buried_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

const float* RowBlock::original(std::uint32_t row) const {
  if (format_.quantization() == Quantization::kF32) return reinterpret_cast<const float*>(rows().row(row));
  if (originals_.size_bytes() == 0) return nullptr;
  return reinterpret_cast<const float*>(originals_.data()) + std::size_t{row} * format_.dim();
}

const float* RowBlock::vector(std::uint32_t row, float* scratch) const {
  const float* kept = original(row);
  if (kept != nullptr) return kept;
  format_.decode(rows().row(row), scratch);
  return scratch;
}

float RowBlock::exact_distance(const Query& query, std::uint32_t row) const {
  const float* kept = original(row);
  if (kept != nullptr) return format_.exact_distance(query, kept);
  thread_local std::vector<float> scratch;
  scratch.resize(format_.dim());
  return format_.exact_distance(query, vector(row, scratch.data()));
}

std::uint64_t RowBlock::memory_bytes() const {
  return rows_.size_bytes() + originals_.size_bytes() + (std::uint64_t{capacity_} + 63) / 64 * 8;
}

}  // namespace tamis::index
