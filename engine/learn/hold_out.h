// How a run divides the interactions into those that it learns from and those that it measures on.
//
// Interactions whose times say nothing of their order among users: an import without times, a file sorted by user.
//
// A split by time of such data holds out the users who stand last in the file, and nobody returns after the cut. So the
// k-th of a user's n interactions is given the time (k + u) / n of a fixed span, u by the user's name: a cut at 90% of
// the span then holds out the last tenth of every user's interactions. Where the interactions are sequences, it holds
// out three of a user at most: lists are asked for what comes next, not for what comes much later.
#pragma once

#include "engine/learn/dataset.h"

namespace tamis::engine {

// Whether a cut by time at 1 - `holdout` leaves too few users who return after it, where every user's own last
// interactions would leave many; or everything arrived within an hour, sorted by user or by item.
bool needs_retiming(const Dataset& dataset, double holdout);

// Interactions of one user at one moment with one item keep one moment. Where the types arrived one after the other, as
// one file of views and another of purchases do, an event of another type goes to the moment of the user's first with
// the item: it would look like a repeat. What is held out of a user depends on the order of arrival:
// - Where it is that of the items' ids, it says nothing: what is held out is drawn, by the names of user and item.
// - Where items follow each other with many users, and in both directions, it is a sequence: the last are held out.
// - Otherwise nobody knows: the last of half of the users, by their names; a draw of the others.
// Returns the share to hold out: `holdout` (0..1, both excluded), or less for long sequences.
double retime(Dataset* dataset, double holdout);

// The share to hold out: `least`, or more where few users return within it, who would say little; 0.3 at most.
double held_out_share(const Dataset& dataset, double least);

// Of what the returning users took within the newest `holdout`: the share that they had taken before.
double repeat_share(const Dataset& dataset, double holdout);

}  // namespace tamis::engine
