// Bitmap: a set of dense ids (CRoaring behind it). A value type; externally synchronised.
#pragma once

#include <roaring/roaring.hh>

#include "common/ids.h"

namespace tamis::index {

using Bitmap = ::Roaring;

}  // namespace tamis::index
