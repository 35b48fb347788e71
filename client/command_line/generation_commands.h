// `tamis generations`, `tamis report`, `tamis promote`, `tamis rollback`, `tamis jobs`: what training made, and which
// of it serves.
#pragma once

#include <string>

#include "client/command_line/remote_options.h"

namespace tamis::client {

struct GenerationOptions {
  RemoteOptions remote;
  std::string generation;  // promote, report; of the latter empty: the one that serves
};

int run_generations(const GenerationOptions& options);
int run_report(const GenerationOptions& options);
int run_promote(const GenerationOptions& options);
int run_rollback(const GenerationOptions& options);
int run_jobs(const GenerationOptions& options);

}  // namespace tamis::client
