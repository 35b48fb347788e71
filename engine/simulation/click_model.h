// The position-based click model (Richardson, Dominowska & Ragno 2007): a slot is looked at with a probability that
// depends on its place alone, and clicked on where it is looked at and attracts.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "common/random.h"

namespace tamis::engine {

// That the slot at `position`, from 1, is looked at: position^-bias.
inline double examination(std::uint32_t position, double bias) {
  return std::pow(static_cast<double>(position), -bias);
}

// Which slots are clicked on, ascending, from 0. `attractions` are those of the list's items. Takes one draw a slot,
// clicked or not, so that two lists that begin alike are clicked alike.
inline std::vector<std::size_t> draw_clicks(std::span<const double> attractions, double bias, Random& random) {
  std::vector<std::size_t> clicks;
  for (std::size_t slot = 0; slot < attractions.size(); ++slot) {
    const double probability = examination(static_cast<std::uint32_t>(slot + 1), bias) * attractions[slot];
    if (random.uniform() < probability) clicks.push_back(slot);
  }
  return clicks;
}

}  // namespace tamis::engine
