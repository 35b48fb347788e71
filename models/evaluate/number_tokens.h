// Unsigned numbers in a line of text, as the public files of interactions hold them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace tamis::models {

// Appends the numbers (0 .. 2^64 - 1, between spaces or tabs) of `line` to `numbers`. Errors: invalid_argument that
// quotes the token.
Status parse_numbers(std::string_view line, std::vector<std::uint64_t>& numbers);

// Sorts and drops repeats.
void sort_unique(std::vector<std::uint64_t>& ids);
// The place of `number` in `ids`. REQUIRES: ids ascend and hold it.
std::uint32_t dense_id(const std::vector<std::uint64_t>& ids, std::uint64_t number);

}  // namespace tamis::models
