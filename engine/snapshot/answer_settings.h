// The options that answers depend on, as JSON text: a snapshot keeps them, so that what is restored can be asked as the
// database was that it was taken of.
#pragma once

#include <string>
#include <vector>

#include "common/status.h"
#include "engine/options.h"

namespace tamis::engine {

// An object by the names of docs/configuration.md: {"recommend.trending_half_life_s":604800,...}.
std::string answer_settings_to_json(const DatabaseOptions& options);
// Sets what `json` names; options that it does not name stay. corruption where it is malformed.
Status apply_answer_settings(const std::string& json, DatabaseOptions* options);
// One line for each option that differs: its name, its value in `kept` and in `options`. Empty for an empty `kept`.
std::vector<std::string> differing_settings(const std::string& kept, const DatabaseOptions& options);

}  // namespace tamis::engine
