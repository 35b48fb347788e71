// JSON records in other people's words: Gorse's UserId, ItemId and FeedbackType, MovieLens' movieId, Amazon's asin.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "common/status.h"

namespace tamis::client {

// Brings a record of `kind` ("interactions", "items", "users") that lacks the wire's own ids to the wire's form, by the
// synonyms of column_names.h: numbers become ids, Unix time of any unit milliseconds, an entity's other members
// features. A record in the wire's form, or in one that nobody knows, stays as it is. `told`: what was read as what,
// where something was.
void adopt_names(const std::string& kind, nlohmann::json* record, std::string* told);

}  // namespace tamis::client
