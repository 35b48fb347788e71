// The JSON of accounts: what a space's factors, a user's vector and a ranker's score are made of, and simulations.
// Exact shapes: docs/http_api.md. Functions are thread-safe.
#pragma once

#include <simdjson.h>

#include "common/status.h"
#include "engine/ranker_account.h"
#include "engine/simulation_request.h"
#include "engine/space_factors.h"
#include "engine/user_parts.h"
#include "server/json/json_path.h"
#include "server/json/json_writer.h"

namespace tamis::server {

// {"k","history","context"} onto `request`, which holds what the path gave.
Status read_user_parts(simdjson::dom::element value, const JsonPath& path, UserPartsRequest* request);
// {"objective","changes","request"} onto `asked`; `request` is a recommendation request of now.
Status read_ranker_account(simdjson::dom::element value, const JsonPath& path, RankerAccountRequest* asked);
// {"users","items","new_items","rounds","k","train_every","explore_rounds","explore_share","position_bias","seed"}, any
// of them.
Result<SimulationRequest> read_simulation(simdjson::dom::element value, const JsonPath& path);

void write_space_factors(const SpaceFactors& factors, JsonWriter* json);
void write_user_parts(const UserParts& parts, JsonWriter* json);
void write_ranker_account(const RankerAccount& account, JsonWriter* json);

}  // namespace tamis::server
