// Taking users who were erased out of a generation's files.
#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>

#include "common/status.h"

namespace tamis::engine {

// Their lines of users.txt (and of users.<generation>.txt, of inherited members) become empty, their rows of the
// encoders' user tables zeros; rows stay where they are. A ranker with the feature user.id forgets them likewise; its
// other vocabularies hold nothing that one user alone has (learn/rank_examples.cc). The directory is replaced as a
// whole, its manifest and checksums with it. Nothing happens where no user is named, or where the generation is not
// there. What user_knn learned of their interactions stays, as somebody's. io_error, resource_exhausted, corruption.
Status erase_users_of_generation(const std::filesystem::path& dir, const std::set<std::string, std::less<>>& users);

}  // namespace tamis::engine
