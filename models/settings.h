// Settings: a model's options as text, by name: what `--set key=value`, a configuration table and a manifest give.
#pragma once

#include <functional>
#include <map>
#include <string>

namespace tamis::models {

using Settings = std::map<std::string, std::string, std::less<>>;

}  // namespace tamis::models
