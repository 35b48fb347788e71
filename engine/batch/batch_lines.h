// The lines of a batch's file, as NDJSON or CSV. docs/shops.md has the grammar. Thread-safe: no state.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>

#include "common/status.h"
#include "engine/batch.h"
#include "engine/requests.h"

namespace tamis::engine {

// What stands before the first list: the header of a CSV file, or nothing.
std::string lines_head(const BatchRequest& request);
void append_lines(const BatchRequest& request, const RecommendAnswer& answer, std::string* lines);
void append_lines(const BatchRequest& request, const std::string& item, const ScoredAnswer& answer, std::string* lines);

// Takes the lists of these users out of the file, which is replaced; how many lists that were. io_error.
Result<std::uint64_t> erase_lines(const std::filesystem::path& path, const BatchRequest& request,
                                  const std::set<std::string, std::less<>>& users);

}  // namespace tamis::engine
