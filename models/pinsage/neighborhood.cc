#include "models/pinsage/neighborhood.h"

namespace tamis::models {

Neighborhood::Neighborhood(const nn::Bags& neighbors)
    : neighbors_(neighbors),
      middle_(static_cast<std::uint32_t>(neighbors.size())),
      lower_(static_cast<std::uint32_t>(neighbors.size())) {}

void Neighborhood::expand(std::span<const std::uint32_t> wanted, const Bare& bare) {
  descend(wanted, middle_, bare, second_);
  descend(middle_.items(), lower_, bare, first_);
}

void Neighborhood::descend(std::span<const std::uint32_t> outputs, ItemSet& below, const Bare& bare,
                           ConvolutionBlock& block) const {
  below.clear();
  block.self.clear();
  block.neighbors.clear();
  for (const std::uint32_t item : outputs) block.self.push_back(below.add(item));
  for (const std::uint32_t item : outputs) {
    const std::uint32_t end = bare(item) ? neighbors_.offsets[item] : neighbors_.offsets[item + 1];
    for (std::uint32_t i = neighbors_.offsets[item]; i < end; ++i) {
      block.neighbors.add(below.add(neighbors_.ids[i]), neighbors_.weights[i]);
    }
    block.neighbors.end_bag();
  }
}

}  // namespace tamis::models
