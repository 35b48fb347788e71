#include "models/nn/embedding_bag.h"

#include "models/parallel.h"

namespace tamis::models::nn {
namespace {

constexpr std::size_t kBagsPerBlock = 64;
constexpr std::size_t kColumnsPerBlock = 32;  // two cache lines

}  // namespace

void Bags::append(const Bags& other, std::size_t bag, float scale) {
  for (std::uint32_t i = other.offsets[bag]; i < other.offsets[bag + 1]; ++i) {
    add(other.ids[i], scale * other.weights[i]);
  }
}

void Bags::clear() {
  offsets.assign(1, 0);
  ids.clear();
  weights.clear();
}

Status add_bags(const EmbeddingTable& table, const Bags& bags, float* out, const TrainControl& control) {
  return add_bags(table.values().data(), table.dim(), bags, out, control);
}

Status add_bags(const float* rows, std::size_t dim, const Bags& bags, float* out, const TrainControl& control) {
  return parallel_blocks(control, bags.size(), kBagsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t b = begin; b < end; ++b) {
      float* sum = out + b * dim;
      for (std::uint32_t i = bags.offsets[b]; i < bags.offsets[b + 1]; ++i) {
        const float* row = rows + bags.ids[i] * dim;
        const float weight = bags.weights[i];
        for (std::size_t d = 0; d < dim; ++d) sum[d] += weight * row[d];
      }
    }
  });
}

namespace {

// `targets`: for each entry of the bags, the row of `to` that bears its gradient.
Status scatter(const Bags& bags, std::span<const std::uint32_t> targets, std::size_t dim, const float* dout, float* to,
               const TrainControl& control) {
  return parallel_blocks(control, dim, kColumnsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t b = 0; b < bags.size(); ++b) {
      const float* from = dout + b * dim;
      for (std::uint32_t i = bags.offsets[b]; i < bags.offsets[b + 1]; ++i) {
        float* row = to + targets[i] * dim;
        const float weight = bags.weights[i];
        for (std::size_t d = begin; d < end; ++d) row[d] += weight * from[d];
      }
    }
  });
}

}  // namespace

Status add_bags_backward(const Bags& bags, std::size_t dim, const float* dout, float* drows,
                         const TrainControl& control) {
  return scatter(bags, bags.ids, dim, dout, drows, control);
}

Status add_bags_backward(const Bags& bags, const float* dout, SparseGradient& gradient, const TrainControl& control) {
  std::vector<std::uint32_t> slots(bags.ids.size());
  for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = gradient.touch(bags.ids[i]);
  if (slots.empty()) return Status::ok();
  return scatter(bags, slots, gradient.dim(), dout, gradient.at_slot(0), control);
}

}  // namespace tamis::models::nn
