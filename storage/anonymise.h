// What the log keeps of a user who was erased: that somebody, known by a dense id alone, did something to an item at a
// time. So the counts of items, and the answers of others, can be replayed as they were.
#pragma once

#include "common/ids.h"
#include "common/records.h"
#include "storage/departed_users.h"

namespace tamis::storage {

// Puts nameless_user() for every name of a user that `departed` holds for record `sequence`. Of those who were erased
// features, vectors, contexts, recommendation ids and idempotency keys go, too; with `erased_only` the others keep
// their names. True where the mutation changed. Thread-safe.
bool anonymise(Sequence sequence, const DepartedUsers& departed, bool erased_only, Mutation* mutation);

}  // namespace tamis::storage
