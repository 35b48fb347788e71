#include "engine/interactions/stored_types.h"

#include <utility>

#include "engine/options.h"

namespace tamis::engine {

std::shared_ptr<const InteractionTypes> start_types(const DatabaseOptions& options) {
  return std::make_shared<const InteractionTypes>(options.interaction_weights, options.interaction_types);
}

Result<std::shared_ptr<const InteractionTypes>> load_interaction_types(const storage::Store& store,
                                                                       std::shared_ptr<const InteractionTypes> start) {
  TAMIS_ASSIGN_OR_RETURN(const auto documents, store.list_documents(kInteractionTypes));
  for (const storage::Document& document : documents) {
    const auto type = parse_interaction_type(document.name, document.json);
    if (type.is_ok()) start = start->with(*type);
  }
  return start;
}

TypeRules make_type_rules(const storage::Store& store, std::shared_ptr<const InteractionTypes> types) {
  return TypeRules(std::move(types), [&store](std::uint16_t type) { return store.interaction_type_name(type); });
}

}  // namespace tamis::engine
