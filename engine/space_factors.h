// What the items of an embedding space differ in: its principal directions, and the items at both ends of each. Plain
// data, for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/ids.h"

namespace tamis {

struct SpaceFactorsRequest {
  std::string space = {};
  std::uint32_t factors = 8;  // 1..kMaxFactors; fewer where the items do not differ in so many directions
  std::uint32_t items = 8;    // at each end of a factor, 1..kMaxFactorItems
};
inline constexpr std::uint32_t kMaxFactors = 32;
inline constexpr std::uint32_t kMaxFactorItems = 50;

struct LoadedItem {
  std::string item = {};
  double loading = 0;  // where the item lies on the factor; 0 is the mean of all
};

// The axes of a trained space may be turned at will without changing a score, so single entries of a vector mean
// nothing. Its principal directions do not depend on that: they are what is called a factor here.
struct SpaceFactor {
  double share = 0;                   // of how much the items differ, 0..1
  std::vector<LoadedItem> high = {};  // by falling loading
  std::vector<LoadedItem> low = {};   // by rising loading
};

// How much of who is near whom is left when only the first `factors` directions are kept.
struct FactorRecall {
  std::uint32_t factors = 0;
  double recall = 0;  // mean share of an item's ten nearest that are still among its ten nearest
};

struct SpaceFactors {
  std::string space = {};
  std::string generation = {};  // of a trained space; empty for an external one
  Sequence sequence = 0;
  std::uint32_t dim = 0;
  std::uint64_t total = 0;    // items that have a vector
  std::uint64_t sampled = 0;  // of them, evenly drawn: what factors and recall are made from
  bool is_normalized = false;
  std::vector<SpaceFactor> factors = {};  // by falling share
  std::vector<FactorRecall> recall = {};  // by rising number; empty for fewer than 20 items
};

}  // namespace tamis
