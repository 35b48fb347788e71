// Cuts sequences that are longer than what a model considers, so that it learns from all of their actions.
#pragma once

#include "models/sequence/sequence_dataset.h"

namespace tamis::models {

// `sequences`, unchanged and in their place, and behind them windows of at most `max_length` + 1 actions of what
// precedes the newest `max_length` targets of each: every action but a sequence's first is the target of exactly one,
// the sequences themselves being read from their newest `max_length` + 1 actions. REQUIRES: max_length >= 1.
Sequences with_older_windows(const Sequences& sequences, std::size_t max_length);

}  // namespace tamis::models
