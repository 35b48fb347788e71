// The JSON of what people write: interactions, users and items, vectors. Exact shapes: docs/http_api.md.
//
// The hot path of ingest: one pass over each object, no intermediate tree of our own. Functions are thread-safe.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

#include "common/records.h"
#include "common/status.h"
#include "server/json/json_path.h"

namespace tamis::server {

// {"user","item","type","value","timestamp","context","recommendation_id","idempotency_key"}
Result<PutInteraction> read_interaction(simdjson::dom::element value, const JsonPath& path);

// {"id","features","ttl_s","expires_at"}. `id` must equal `expected_id` where that is not empty, and may then be
// absent.
Result<PutEntity> read_entity(simdjson::dom::element value, const JsonPath& path, EntityKind kind,
                              std::string_view expected_id, TimestampMs now_ms);

// The same fields; null in `features` removes a feature, null for `ttl_s` or `expires_at` the expiry.
Result<PatchEntity> read_patch(simdjson::dom::element value, const JsonPath& path, EntityKind kind, std::string_view id,
                               TimestampMs now_ms);

// {"item"|"user": id, "vector": [..]}, or {"item"|"user": id, "delete": true}.
Result<Mutation> read_vector_line(simdjson::dom::element value, const JsonPath& path, std::string_view space);

}  // namespace tamis::server
