// Values that lie far outside of what their type has count as the end of its range, so that one of them does not drown
// the others. A function of its argument: thread-safe.
#pragma once

#include "engine/learn/dataset.h"

namespace tamis::engine {

// Clips the weights of events and negatives, and the ratings, by models/value_scale.h, and counts them in
// `dataset->outliers`; names a few. REQUIRES: events are sorted and their types named. O(events).
void clip_outliers(Dataset* dataset);

}  // namespace tamis::engine
