// The interaction types of a database: the configuration's and the documents of its store.
#pragma once

#include <memory>
#include <string_view>

#include "engine/interactions/interaction_types.h"
#include "engine/interactions/type_rules.h"
#include "storage/store.h"

namespace tamis {
struct DatabaseOptions;
}

namespace tamis::engine {

inline constexpr std::string_view kInteractionTypes = "interaction_type";  // the collection of documents

// The configured types.
std::shared_ptr<const InteractionTypes> start_types(const DatabaseOptions& options);

// `start` with the documents laid over it. One that cannot be read is left out and named in the log. io_error.
Result<std::shared_ptr<const InteractionTypes>> load_interaction_types(const storage::Store& store,
                                                                       std::shared_ptr<const InteractionTypes> start);

// Rules by the ids of the store. REQUIRES: the store outlives them.
TypeRules make_type_rules(const storage::Store& store, std::shared_ptr<const InteractionTypes> types);

}  // namespace tamis::engine
