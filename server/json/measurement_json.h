// What funnels came to, as JSON.
#pragma once

#include "engine/requests.h"
#include "server/json/json_writer.h"

namespace tamis::server {

// The members "funnels" and "impressions" of /v1/stats, into the object that is open.
void write_measurement(const Stats& stats, JsonWriter* json);

}  // namespace tamis::server
