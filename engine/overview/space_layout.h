// SpaceLayout: the items of a space in two dimensions so that neighbours stay neighbours. Made rarely, kept for maps.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/status.h"
#include "engine/live/read_state.h"
#include "engine/space_map.h"

namespace tamis::engine {

// Immutable once made.
struct SpaceLayout {
  std::string generation;                    // of a trained space; empty for an external one
  std::uint64_t total = 0;                   // items that had a vector
  std::vector<DenseId> items;                // ascending; an even sample of kMaxLayoutItems at most
  std::vector<std::array<float, 2>> places;  // of each
};
inline constexpr std::size_t kMaxLayoutItems = 100'000;

struct LayoutControl {
  std::function<void(double progress, std::string_view stage)> report = {};  // may be empty
  const std::atomic<bool>* cancelled = nullptr;                              // may be null
};

// By the index's own 15 neighbours of each item. Items start where `before`, the layout of an earlier generation, has
// them, so that people find their way again, and new ones among their neighbours; without it (null) all start on
// principal axes, and the same neighbours give the same places. not_found (space), unavailable once cancelled.
Result<SpaceLayout> lay_out_space(const ReadState& state, const std::string& space, const SpaceLayout* before,
                                  const LayoutControl& control);

// Where the layout has an item; nothing where it lacks it.
std::optional<std::array<float, 2>> place_in(const SpaceLayout& layout, DenseId item);

// Whether a layout still shows the space: of the serving generation, and of about as many items as there are.
bool is_current(const ReadState& state, const std::string& space, const SpaceLayout& layout);

}  // namespace tamis::engine
