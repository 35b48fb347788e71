// A map of an embedding space: its items in two dimensions, for people to look at. Plain data.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/feature.h"
#include "common/ids.h"

namespace tamis {

enum class MapMethod {
  kPca,   // the two directions in which the items differ most
  kUmap,  // who is near whom (models/neighbor_layout.h), made once per generation in the background
};

struct SpaceMapRequest {
  std::string space = {};
  MapMethod method = MapMethod::kPca;
  std::string field = {};         // a feature whose values come along, to colour by; empty: none
  std::uint32_t limit = 100'000;  // items, 1..kMaxMapItems; of more, an even sample
};
inline constexpr std::uint32_t kMaxMapItems = 200'000;

// By kPca a point that is moved by (dx, dy) has moved in the space by dx * axes[0] + dy * axes[1], so that a search can
// follow it (models/principal_axes.h).
struct SpaceMap {
  std::string space;
  std::string generation;  // of a trained space; empty for an external one
  Sequence sequence = 0;
  std::uint64_t total = 0;                 // items that have a vector
  MapMethod method = MapMethod::kPca;      // of the answer: kPca, too, while what was asked for is being made
  std::string pending;                     // then the job that makes it
  bool is_normalized = false;              // vectors were brought to length 1 first: all spaces but those of distances
  std::vector<float> mean;                 // [dim]
  std::array<std::vector<float>, 2> axes;  // [dim]
  std::array<double, 2> share = {0, 0};    // of the variance that an axis shows

  std::vector<std::string> items;   // ids
  std::vector<float> x, y;          // of each
  std::vector<double> popularity;   // of each: its weighted count of interactions
  std::vector<FeatureValue> value;  // of each: that of `field`
  std::vector<bool> has_value;      // whether the item has the field; empty where none was asked for
};

}  // namespace tamis
