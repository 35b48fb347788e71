// Neighborhood: the nodes that two convolutions need to compute some items, level by level.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "models/nn/embedding_bag.h"
#include "models/pinsage/convolution.h"

namespace tamis::models {

// An ordered set of items with each one's place. Externally synchronised; O(catalogue) memory, O(1) per operation.
class ItemSet {
 public:
  static constexpr std::uint32_t kAbsent = ~0U;
  explicit ItemSet(std::uint32_t catalogue) : place_(catalogue, kAbsent) {}

  void clear() {
    for (const std::uint32_t item : items_) place_[item] = kAbsent;
    items_.clear();
  }
  // The item's place, at the end where it is new.
  std::uint32_t add(std::uint32_t item) {
    if (place_[item] == kAbsent) {
      place_[item] = static_cast<std::uint32_t>(items_.size());
      items_.push_back(item);
    }
    return place_[item];
  }
  std::uint32_t place(std::uint32_t item) const { return place_[item]; }
  std::span<const std::uint32_t> items() const { return items_; }

 private:
  std::vector<std::uint32_t> place_;
  std::vector<std::uint32_t> items_;
};

// The wanted items lie first in the level below, these first in the one below that: so a node's own input is the row of
// the same number. Externally synchronised; keeps its memory over calls of expand().
class Neighborhood {
 public:
  // `neighbors`: a bag for each item of the catalogue; outlives this.
  explicit Neighborhood(const nn::Bags& neighbors);

  // An item for which `bare` is true is computed as if it had no neighbours: as new items are. REQUIRES: `wanted` are
  // distinct.
  using Bare = std::function<bool(std::uint32_t item)>;
  void expand(std::span<const std::uint32_t> wanted, const Bare& bare);

  std::span<const std::uint32_t> inputs() const { return lower_.items(); }  // the items to embed
  const ConvolutionBlock& first() const { return first_; }                  // from inputs() to what second() reads
  const ConvolutionBlock& second() const { return second_; }                // on to the wanted items

 private:
  void descend(std::span<const std::uint32_t> outputs, ItemSet& below, const Bare& bare, ConvolutionBlock& block) const;

  const nn::Bags& neighbors_;
  ItemSet middle_, lower_;
  ConvolutionBlock first_, second_;
};

}  // namespace tamis::models
