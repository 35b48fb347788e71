// The options of each model as tables: the one place from which the command line, the configuration and the documents
// take names, types, defaults, ranges and meanings.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "models/ials.h"
#include "models/neighbors.h"

namespace tamis::models {

enum class OptionType { kInteger, kNumber, kBoolean, kChoice };

struct ModelOption {
  std::string name;
  OptionType type = OptionType::kNumber;
  std::string default_value;
  double minimum = 0;  // of numbers and integers; at or above
  double maximum = 0;  // at or below
  std::vector<std::string> choices;
  std::string description;
};

// Option values as text, by name: what `--set key=value` and a configuration table give.
using Settings = std::map<std::string, std::string, std::less<>>;

// "popular", "item_knn", "user_knn", "ials".
const std::vector<std::string>& model_names();
// The options of a model, in the order of the documents. Errors: invalid_argument naming the models that there are.
Result<std::vector<ModelOption>> model_options(std::string_view model);

// The settings in force: `settings` checked against `options`, defaults filled in. Errors: invalid_argument that names
// an unknown key's nearest known one, or a value and the range or type expected; field is the key.
Result<Settings> resolve_settings(const std::vector<ModelOption>& options, const Settings& settings);

// Options from settings in force. REQUIRES: resolve_settings gave them for the model.
IalsOptions ials_options(const Settings& settings);
NeighborOptions neighbor_options(const Settings& settings);
// Single values. REQUIRES: as above, and an option of that name and type.
double number_setting(const Settings& settings, std::string_view name);
std::uint64_t integer_setting(const Settings& settings, std::string_view name);

}  // namespace tamis::models
