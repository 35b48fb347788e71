// Rows of different lengths in a tensor file: `offsets` U64 [rows + 1] and ids U32 [entries], row r's entries being
// those from offsets[r] to offsets[r + 1].
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "models/interaction_matrix.h"
#include "models/matrix_io.h"

namespace tamis::models {

struct RaggedIds {
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint32_t> ids;
};

// Reads `offsets` and the ids named `name`. corruption where the offsets do not partition the ids, an id is not below
// `id_limit`, or the ids of a row do not ascend.
Result<RaggedIds> read_ragged_ids(const TensorReader& tensors, const std::string& name, std::uint32_t rows,
                                  std::uint32_t id_limit);

// An interaction matrix without its weights: `offsets` and `column`. Read back, weights are 1.
void add_interactions(TensorWriter& writer, const InteractionMatrix& interactions);
Result<InteractionMatrix> read_interactions(const TensorReader& tensors, std::uint32_t users, std::uint32_t items);

}  // namespace tamis::models
