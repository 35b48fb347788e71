// Embedding bags: weighted sums of table rows, one per bag. A bag of one id with weight 1 is a plain look-up.
#pragma once

#include <cstdint>
#include <vector>

#include "common/status.h"
#include "models/nn/embedding_table.h"
#include "models/train_control.h"

namespace tamis::models::nn {

// Bag b holds entries offsets[b] .. offsets[b + 1] of ids and weights. A value type.
struct Bags {
  std::vector<std::uint32_t> offsets = {0};  // [bags + 1]
  std::vector<std::uint32_t> ids;
  std::vector<float> weights;

  std::size_t size() const { return offsets.size() - 1; }
  void add(std::uint32_t id, float weight) {
    ids.push_back(id);
    weights.push_back(weight);
  }
  void end_bag() { offsets.push_back(static_cast<std::uint32_t>(ids.size())); }
  // Copies bag `bag` of `other` as the end of the bag that is open here, its weights times `scale`.
  void append(const Bags& other, std::size_t bag, float scale = 1);
  void clear();
};

// out [bags, dim] += sum over each bag of weight * row. Parallel over bags. REQUIRES: ids < table.rows().
Status add_bags(const EmbeddingTable& table, const Bags& bags, float* out, const TrainControl& control);
// The same over `rows` [.., dim], and its backward pass: drows += the part of dout [bags, dim] that each row bears.
Status add_bags(const float* rows, std::size_t dim, const Bags& bags, float* out, const TrainControl& control);
Status add_bags_backward(const Bags& bags, std::size_t dim, const float* dout, float* drows,
                         const TrainControl& control);
// gradient += the part of dout [bags, dim] that each row of the table bears. Parallel over columns, so that sums are
// taken in the order of the bags whatever the number of threads.
Status add_bags_backward(const Bags& bags, const float* dout, SparseGradient& gradient, const TrainControl& control);

}  // namespace tamis::models::nn
