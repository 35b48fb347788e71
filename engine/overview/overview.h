// What a pinned ReadState shows of the whole: see engine/space_map.h and engine/matrix_sample.h. Thread-safe.
#pragma once

#include "common/status.h"
#include "engine/live/read_state.h"
#include "engine/matrix_sample.h"
#include "engine/space_map.h"

namespace tamis::engine {

// Reads the vector of every item that it shows, and of 20,000 at most for the axes. not_found (space).
Result<SpaceMap> map_space(const ReadState& state, const SpaceMapRequest& request, Sequence sequence);

// Reads the histories of the sampled users from the store.
Result<MatrixSample> sample_matrix(const ReadState& state, const MatrixSampleRequest& request, Sequence sequence);

}  // namespace tamis::engine
