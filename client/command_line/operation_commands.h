// `tamis health`, `tamis stats`, `tamis snapshot`: the state of a server, and a copy of it.
#pragma once

#include <string>

#include "client/command_line/remote_options.h"

namespace tamis::client {

struct StatsOptions {
  RemoteOptions remote;
};

struct SnapshotOptions {
  RemoteOptions remote;
  std::string name;
};

struct HealthOptions {
  RemoteOptions remote;
  bool ready = false;
};

int run_health(const HealthOptions& options);
int run_stats(const StatsOptions& options);
int run_snapshot(const SnapshotOptions& options);

}  // namespace tamis::client
