// FeatureTokens in a tensor file: a U8 tensor of their JSON.
#pragma once

#include <cstdint>
#include <string>

#include "common/status.h"
#include "models/matrix_io.h"
#include "models/two_tower/feature_tokens.h"

namespace tamis::models {

// `json` (FeatureTokens::to_json()) outlives the writing.
void add_feature_tokens(TensorWriter& writer, const std::string& name, const std::string& json);
Result<FeatureTokens> read_feature_tokens(const TensorReader& reader, const std::string& name, std::uint32_t buckets);

}  // namespace tamis::models
