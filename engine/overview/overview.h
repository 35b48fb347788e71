// What a pinned ReadState shows of the whole: see engine/space_map.h, engine/space_factors.h and
// engine/matrix_sample.h. Thread-safe.
#pragma once

#include "common/status.h"
#include "engine/live/read_state.h"
#include "engine/matrix_sample.h"
#include "engine/overview/space_layout.h"
#include "engine/space_factors.h"
#include "engine/space_map.h"

namespace tamis::engine {

// Reads the vector of every item that it shows, and of 20,000 at most for the axes. not_found (space).
// By `layout` where there is one: items that it lacks are left out. Else by principal axes.
Result<SpaceMap> map_space(const ReadState& state, const SpaceMapRequest& request, Sequence sequence,
                           const SpaceLayout* layout = nullptr);

// Reads the vectors of 4,000 items at most; takes up to a second. not_found (space).
Result<SpaceFactors> find_space_factors(const ReadState& state, const SpaceFactorsRequest& request, Sequence sequence);

// Reads the histories of the sampled users from the store.
Result<MatrixSample> sample_matrix(const ReadState& state, const MatrixSampleRequest& request, Sequence sequence);

}  // namespace tamis::engine
