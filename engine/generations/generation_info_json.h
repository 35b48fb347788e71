// GenerationInfo as JSON: in the registry's documents and in manifests.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "common/status.h"
#include "engine/requests.h"

namespace tamis::engine {

// {"id":"g3","state":"ready","created":"2011-12-01T10:00:00Z","sequence":1042,"models":["ials"],
//  "metrics":{"ials":{"ndcg@10":0.1}},"note":""}
nlohmann::json generation_info_to_json(const GenerationInfo& info);
// corruption naming the member that is missing or of the wrong type.
Result<GenerationInfo> parse_generation_info(const nlohmann::json& json);

}  // namespace tamis::engine
