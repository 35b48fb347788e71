// The list of snapshots that a database made: a file beside its store, one line each.
//
// Whoever erases a user must know which copies still hold the user's data. A snapshot may have been moved or removed
// since; the list does not follow it. Externally synchronised.
#pragma once

#include <filesystem>
#include <vector>

#include "engine/requests.h"

namespace tamis::engine {

// Oldest first; empty where there is no list. Lines that cannot be read are passed over.
std::vector<MadeSnapshot> read_made_snapshots(const std::filesystem::path& list);
Status add_made_snapshot(const std::filesystem::path& list, const MadeSnapshot& snapshot);

}  // namespace tamis::engine
