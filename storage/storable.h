// Which mutations the codecs can read back: the store refuses the others, since a row that cannot be read would stop
// every scan, and with it the next opening.
#pragma once

#include "common/records.h"
#include "common/status.h"

namespace tamis::storage {

// Numbers are finite, a space has a shape. invalid_argument with the field. The rest is the caller's to check.
Status check_storable(const Mutation& mutation);

}  // namespace tamis::storage
