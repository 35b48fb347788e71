#include "models/nn/embedding_table.h"

#include <algorithm>
#include <utility>

namespace tamis::models::nn {

EmbeddingTable::EmbeddingTable(std::size_t rows, std::size_t dim, float stddev, Random& random)
    : dim_(dim), values_(rows * dim) {
  if (stddev == 0) return;
  std::generate(values_.begin(), values_.end(), [&] { return stddev * static_cast<float>(random.normal()); });
}

EmbeddingTable::EmbeddingTable(std::size_t dim, std::vector<float> values) : dim_(dim), values_(std::move(values)) {}

void SparseGradient::clear() {
  for (const std::uint32_t id : touched_) slot_[id] = kUntouched;
  touched_.clear();
  values_.clear();
}

}  // namespace tamis::models::nn
