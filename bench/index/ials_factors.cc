// Trains iALS on interactions in the LightGCN format and writes its factors as .npy: trained vectors, with the uneven
// norms of popularity, for ann_bench.
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <string>

#include "bench/index/matrix_file.h"
#include "models/evaluate/protocol_lightgcn.h"
#include "models/ials/ials.h"

int main(int argc, char** argv) {
  std::string train, test, items, users;
  tamis::models::IalsOptions options;
  tamis::models::TrainControl control;
  CLI::App app("iALS factors for ann_bench");
  app.add_option("--train", train, "train file")->required();
  app.add_option("--test", test, "test file")->required();
  app.add_option("--items", items, "item factors to write")->required();
  app.add_option("--users", users, "user factors to write")->required();
  app.add_option("--dim", options.dim, "of the factors");
  app.add_option("--iterations", options.iterations, "sweeps");
  CLI11_PARSE(app, argc, argv);
  const auto run = [&]() -> tamis::Status {
    TAMIS_ASSIGN_OR_RETURN(const auto data, tamis::models::read_lightgcn(train, test));
    TAMIS_ASSIGN_OR_RETURN(const auto model, tamis::models::train_ials(data.train, options, control));
    TAMIS_RETURN_IF_ERROR(tamis::bench::write_matrix(items, model.items, options.dim, model.item_factors));
    return tamis::bench::write_matrix(users, model.users, options.dim, model.user_factors);
  };
  const tamis::Status status = run();
  if (!status.is_ok()) std::fprintf(stderr, "%s\n", status.to_string().c_str());
  return status.is_ok() ? 0 : 1;
}
