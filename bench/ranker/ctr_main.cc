// Runs the protocol `ctr` without a server: what `tamis evaluate --protocol ctr` does, for benchmarks and tuning.
//
//   ranker_ctr TRAIN VALID TEST|- [key=value]...      threads=N is taken by this program; "-" evaluates on VALID
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "ranker/evaluate/protocol_ctr.h"

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: %s TRAIN VALID TEST|- [threads=N] [key=value]...\n", argv[0]);
    return 2;
  }
  tamis::models::TrainControl control{.threads = std::max(1U, std::thread::hardware_concurrency()),
                                      .report = [](double progress, std::string_view detail) {
                                        std::fprintf(stderr, "%3.0f%% %.*s\n", 100 * progress,
                                                     static_cast<int>(detail.size()), detail.data());
                                      }};
  tamis::models::Settings settings;
  for (int i = 4; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos) {
      std::fprintf(stderr, "%s is not key=value\n", argv[i]);
      return 2;
    }
    const std::string key = argument.substr(0, equals);
    if (key == "threads") {
      control.threads = static_cast<std::uint32_t>(std::strtoul(argument.c_str() + equals + 1, nullptr, 10));
    } else {
      settings[key] = argument.substr(equals + 1);
    }
  }
  const std::string test = argv[3];
  const tamis::ranker::CtrFiles files{.train = argv[1], .valid = argv[2], .test = test == "-" ? "" : test};
  const auto report = tamis::ranker::evaluate_ctr(files, "dlrm", settings, control);
  if (!report.is_ok()) {
    std::fprintf(stderr, "%s\n", report.status().to_string().c_str());
    return 1;
  }
  std::printf("%s\n", tamis::models::to_json(*report).c_str());
  return 0;
}
