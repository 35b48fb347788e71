// `tamis recommend`, `tamis similar`: answers for people or for scripts.
#pragma once

#include <string>

#include "client/command_line/remote_options.h"
#include "client/types.h"

namespace tamis::client {

struct RecommendOptions {
  RemoteOptions remote;
  RecommendQuery query;
  std::string name_feature;  // what an item is called; empty: name, title, ...
  bool no_names = false;
};

struct SimilarOptions {
  RemoteOptions remote;
  SimilarQuery query;
  std::string id;
  std::string user;  // instead of an item
  std::string name_feature;
};

int run_recommend(RecommendOptions options);
int run_similar(SimilarOptions options);

}  // namespace tamis::client
