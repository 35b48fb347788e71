// `tamis train`: a training run on the server, watched to its end.
#pragma once

#include <string>
#include <vector>

#include "client/command_line/remote_options.h"

namespace tamis::client {

struct TrainOptions {
  RemoteOptions remote;
  std::vector<std::string> models;  // empty: all configured
  bool no_wait = false;
  bool alone = false;  // nothing is kept of the generation that serves
};

int run_train(const TrainOptions& options);

}  // namespace tamis::client
