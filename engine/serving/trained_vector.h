// Where an entity stands in a space that a generation's encoder fills.
#pragma once

#include <span>

#include "common/records.h"
#include "engine/serving/generation.h"

namespace tamis::engine {

// Fills `out` [dim] with the vector that `encoder` has for the entity: its row as trained, or for an item that is newer
// than the generation what the encoder makes of its features. False where it has none: a user is then embedded at query
// time, an item is not indexed. `entity` may be null. Thread-safe.
bool find_trained_vector(const Generation& generation, const models::Encoder& encoder, EntityKind kind, DenseId id,
                         const Entity* entity, std::span<float> out);

// Places a user by `encoder`, as Encoder::embed_user() does, in `out` [dim]. failed_precondition, too, where the vector
// is none that an index searches: finite weights of an imported tower can multiply beyond a float's range. Thread-safe.
Status place_user(const models::Encoder& encoder, const models::UserInput& user, std::span<float> out);

}  // namespace tamis::engine
