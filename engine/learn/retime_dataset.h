// Interactions whose times say nothing of their order among users: an import without times, a file sorted by user.
//
// A split by time of such data holds out the users who stand last in the file, and nobody returns after the cut. So the
// k-th of a user's n interactions is given the time (k + u) / n of a fixed span, u by the user's name: a cut at 90% of
// the span then holds out the last tenth of every user's interactions.
#pragma once

#include "engine/learn/dataset.h"

namespace tamis::engine {

// Whether a cut by time at 1 - `holdout` leaves too few users who return after it, where every user's own last
// interactions would leave many.
bool needs_retiming(const Dataset& dataset, double holdout);

// Interactions of one user at one moment with one item keep one moment. The order of a user's own stays as it is,
// unless it is that of the items' ids: a file sorted by user and item has the items that everybody takes first, and
// what is held out is then drawn instead, by the names of user and item.
void retime(Dataset* dataset);

}  // namespace tamis::engine
