// Cell: the text of one CSV cell as a value of Tamis.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/import/mapping.h"
#include "common/feature.h"

namespace tamis::client {

// Nothing where `text` is not a number as a whole, without blanks.
std::optional<double> read_number(std::string_view text);

// A finite number; blanks around it are allowed. invalid_argument naming `column`.
Result<double> parse_number(std::string_view cell, std::string_view column);

// 1, true, yes, y, t, or their opposites. invalid_argument naming `column`.
Result<bool> parse_boolean(std::string_view cell, std::string_view column);

// The feature's value of one row; nothing for an empty cell. invalid_argument naming the column.
Result<std::optional<FeatureValue>> parse_feature_cell(const FeatureMapping& mapping, std::string_view cell);

// The parts of `text` between `separator`s, blanks around them trimmed, empty ones left out.
std::vector<std::string> split_cell(std::string_view text, std::string_view separator);

}  // namespace tamis::client
