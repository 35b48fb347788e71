// The cursor of a list that is read page by page: which items its pages have served, so that none comes twice, whatever
// has changed meanwhile.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/status.h"

namespace tamis::engine {

// A list ends after so many items: with ids as dense as a large catalogue's, its cursor has about 4 kB.
inline constexpr std::size_t kMaxPagedItems = 2'000;

// Stateless: ascending ids as differences in base 128, sealed by a checksum, as base64url.
std::string encode_page_cursor(std::vector<DenseId> served);
// Ascending. Empty for the empty cursor. invalid_argument (field "cursor") for one that encode_page_cursor() did not
// make.
Result<std::vector<DenseId>> decode_page_cursor(std::string_view cursor);

}  // namespace tamis::engine
