// Gorse's shapes (https://gorse.io, REST API) as ours and back. docs/gorse_api.md has the table. Functions are
// thread-safe.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/records.h"
#include "server/json/json_path.h"
#include "server/json/json_writer.h"

namespace tamis::server {

// {"FeedbackType","UserId","ItemId","Value","Timestamp","Comment"}. A value of 0 is none, as Gorse writes it where none
// was given. It gets an idempotency key made of type, user, item and time: sent twice it counts once.
// A session's has no user where `needs_user` is false.
Result<Interaction> read_gorse_feedback(simdjson::dom::element value, const JsonPath& path, bool needs_user);
// {"ItemId" or "UserId","Labels","Comment", and of items "IsHidden","Categories","Timestamp"}. Labels become features;
// labels within labels get names with dots.
Result<Entity> read_gorse_entity(simdjson::dom::element value, const JsonPath& path, EntityKind kind);
// The same without an id: what is null or absent stays as it is.
Result<PatchEntity> read_gorse_patch(simdjson::dom::element value, const JsonPath& path, EntityKind kind,
                                     std::string_view id);

void write_gorse_entity(const Entity& entity, EntityKind kind, JsonWriter* json);
void write_gorse_feedback(const Interaction& interaction, JsonWriter* json);

}  // namespace tamis::server
