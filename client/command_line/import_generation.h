// `tamis import --generation`: a generation made elsewhere, from its folder or archive to the server.
#pragma once

#include "client/command_line/import_command.h"

namespace tamis::client {

// The exit code.
int run_import_generation(const ImportOptions& options);

}  // namespace tamis::client
