// A feedback loop to play from outside: what becomes of a catalogue that is recommended by what was clicked before,
// with exploitation alone and with exploration. A made-up population with known tastes, never the database's own
// people. Plain data.
#pragma once

#include <cstdint>

#include "common/status.h"

namespace tamis {

// Bounds keep a run to a minute or two of one core and to some tens of megabytes.
struct SimulationRequest {
  std::uint32_t users = 150;          // 10..500; each asks once a round
  std::uint32_t items = 150;          // 20..500; at the start
  std::uint32_t new_items = 4;        // 0..50; that arrive each round
  std::uint32_t rounds = 24;          // 2..60
  std::uint32_t k = 10;               // 1..50; slots of a list
  std::uint32_t train_every = 4;      // 1..60; rounds
  std::uint32_t explore_rounds = 10;  // 1..60; how long an item counts as new
  double explore_share = 0.15;        // 0..1; of the slots, in the exploring arm
  double position_bias = 0.7;         // 0..10; a slot at position p is looked at with probability p^-bias
  std::uint64_t seed = 42;            // of tastes, clicks and what is explored
};

// invalid_argument that names the first member out of its range.
Status check_simulation(const SimulationRequest& request);

}  // namespace tamis
