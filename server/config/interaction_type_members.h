// The members of configured interaction types: interactions.types.NAME.MEMBER.
#pragma once

#include <map>
#include <string>

#include "engine/interaction_type.h"
#include "server/config/config_value.h"

namespace tamis::server {

// Sets one member of the type `name`, which begins as the built-in one of that name. invalid_argument, blamed on
// `key`.
Status set_type_member(const std::string& key, const std::string& name, const std::string& member,
                       const ConfigValue& value, std::map<std::string, InteractionType>* types);

// Adds the members as TOML, under "name.member".
void show_type_members(const std::string& name, const InteractionType& type,
                       std::map<std::string, std::string>* entries);

}  // namespace tamis::server
