// Cursors of paged lists: opaque to callers, checked when they come back.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/status.h"
#include "storage/store.h"

namespace tamis::engine {

// Where a list of interactions goes on; `owner` is the user or item whose list it is.
struct InteractionPosition {
  EntityKind kind = EntityKind::kUser;
  DenseId owner = kNoDenseId;
  storage::Store::InteractionCursor after;
};

// Where a list of entities goes on: at this dense id.
struct EntityPosition {
  EntityKind kind = EntityKind::kItem;
  DenseId next = 0;
};

std::string encode_cursor(const InteractionPosition& position);
std::string encode_cursor(const EntityPosition& position);

// invalid_argument (field "cursor") for anything that the functions above did not make for this very list. nullopt
// for an empty cursor: the first page.
Result<std::optional<EntityPosition>> decode_entity_cursor(std::string_view cursor, EntityKind kind);
Result<std::optional<InteractionPosition>> decode_interaction_cursor(std::string_view cursor, EntityKind kind,
                                                                     DenseId owner);

}  // namespace tamis::engine
