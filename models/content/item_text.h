// The text of an item: what of its features is written for people to read.
#pragma once

#include <span>
#include <string>

#include "common/feature.h"

namespace tamis::models {

// The features `fields` in their order, one a line: texts, categories and the elements of sets; other kinds and absent
// ones are left out. Without fields: name and title first, then every text, by name. Empty where there is nothing.
std::string item_text(const Features& features, std::span<const std::string> fields);

}  // namespace tamis::models
