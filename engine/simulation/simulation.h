// Simulation: what becomes of a catalogue that is recommended by what was clicked before. In each round every user asks
// for a list, clicks by the click model, and the clicks are written; every few rounds a generation is trained; new
// items arrive all the time. Two arms from the same start: one serves what it believes best, the other gives a share of
// its slots to new items.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "common/status.h"
#include "engine/funnel.h"
#include "engine/options.h"
#include "engine/simulation/population.h"
#include "engine/simulation_request.h"

namespace tamis::engine {

struct SimulationOptions {
  PopulationOptions population;
  std::uint32_t k = 10;               // slots of a list
  std::uint32_t train_every = 5;      // rounds
  std::uint32_t first_clicks = 5;     // of each user, on items of the start by their attraction, before round 1
  double position_bias = 0.7;         // of click_model.h, 0 and above
  double explore_share = 0.15;        // of the slots, in the exploring arm
  std::uint32_t explore_rounds = 10;  // how long an item counts as new
  std::vector<std::string> models = {"item_knn", "ials"};
  std::filesystem::path scratch;  // a directory that does not exist; removed afterwards
};

// Of one arm in one round.
struct SimulatedRound {
  std::string arm;          // "exploit", "explore"
  std::uint32_t round = 0;  // from 1
  std::uint64_t clicks = 0;
  double clicks_per_list = 0;
  double coverage = 0;        // share of the items there that stood in a list of the round
  double gini = 0;            // of how often each item there was shown in the round
  double taste_distance = 0;  // mean over slots of 1 - cosine of the user's and the item's tastes
  double new_item_share = 0;  // of the slots, items that came after the start
  std::uint64_t clicks_so_far = 0;
};

// The funnels of the two arms: equal but for the rule that explores.
FunnelConfig simulated_funnel(const SimulationOptions& options, bool explores);

// Of whoever waits for a run.
struct SimulationControl {
  // After each round: the rounds so far, and how many there will be. On the thread that simulates; may be empty.
  std::function<void(std::span<const SimulatedRound> so_far, std::size_t all)> on_round = {};
  const std::atomic<bool>* cancelled = nullptr;  // may be null
};

// Both arms, round by round, the exploiting one first. Deterministic by options. What Database and training report;
// unavailable once cancelled.
Result<std::vector<SimulatedRound>> simulate(const SimulationOptions& options, const DatabaseOptions& database,
                                             const SimulationControl& control = {});

// What a request from outside is in the terms of simulate(), which must have passed check_simulation().
SimulationOptions simulation_options(const SimulationRequest& request);

// "arm,round,clicks,clicks_per_list,coverage,gini,taste_distance,new_item_share,clicks_so_far" and a line per round.
std::string simulation_csv(const std::vector<SimulatedRound>& rounds);
// {"rounds":[{"arm":"exploit","round":1, ...}]} with the same figures.
std::string simulation_json(std::span<const SimulatedRound> rounds);

}  // namespace tamis::engine
