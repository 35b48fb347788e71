// What people call an item, for tables.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "common/feature.h"

namespace CLI {
class App;
}

namespace tamis::client {

// The feature `feature` as text. Without one: the first text among name, title, label, product_name and headline. Empty
// where the item has none.
std::string item_name(const Features& features, const std::string& feature);
// The same of an object {"features":{...}}.
std::string item_name(const nlohmann::json& item, const std::string& feature);

// --name
void add_name_option(CLI::App* command, std::string* feature);

}  // namespace tamis::client
