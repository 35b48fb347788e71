// `tamis import` of the wire's own objects: NDJSON lines, or the elements of a JSON array.
#pragma once

#include "client/command_line/import_csv.h"

namespace tamis::client {

Status import_records(ImportJob* job);

}  // namespace tamis::client
