#include "models/two_tower/feature_token_tensors.h"

#include <span>
#include <vector>

namespace tamis::models {

void add_feature_tokens(TensorWriter& writer, const std::string& name, const std::string& json) {
  writer.add<std::uint8_t>(name, {json.size()},
                           std::span(reinterpret_cast<const std::uint8_t*>(json.data()), json.size()));
}

Result<FeatureTokens> read_feature_tokens(const TensorReader& reader, const std::string& name, std::uint32_t buckets) {
  TAMIS_ASSIGN_OR_RETURN(const std::vector<std::uint8_t> bytes, reader.read<std::uint8_t>(name));
  return FeatureTokens::from_json(buckets, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace tamis::models
