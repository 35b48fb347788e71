// A part of a large log that models are measured on: all that some of the users did.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/learn/dataset.h"
#include "engine/learn/served_lists.h"

namespace tamis::engine {

// Users are taken in an order that their names alone give, so that the next run takes nearly the same, until they have
// `most_events` events; at least one. Items keep their rows. REQUIRES: there are events.
Dataset sample_users(const Dataset& all, std::uint64_t most_events);

// The lists of the users in `sample`, in its rows.
std::vector<ServedList> served_to(const std::vector<ServedList>& served, const Dataset& all, const Dataset& sample);

}  // namespace tamis::engine
