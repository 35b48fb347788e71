// Runs the evaluation protocols of models/ without a server: what `tamis evaluate` does, for benchmarks and tuning.
//
//   models_evaluate [--protocol lightgcn] TRAIN TEST MODEL [key=value]...
//   models_evaluate --protocol leave-one-out FILE MODEL [key=value]...
//   models_evaluate --protocol split DIRECTORY MODEL [key=value]...
//   models_evaluate --protocol ratings FILE MODEL [key=value]...
// threads=N is taken by this program; progress goes to standard error, the report to standard output.
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <thread>

#include "models/evaluate/protocol_leave_one_out.h"
#include "models/evaluate/protocol_lightgcn.h"
#include "models/evaluate/protocol_ratings.h"
#include "models/evaluate/protocol_split.h"

namespace {

using tamis::Result;
using tamis::models::EvaluationReport;
using tamis::models::Settings;
using tamis::models::TrainControl;

struct Protocol {
  std::string_view name;
  std::size_t files;  // before the model's name
  Result<EvaluationReport> (*run)(std::span<const std::string> arguments, const Settings&, const TrainControl&);
};

constexpr Protocol kProtocols[] = {
    {"lightgcn", 2,
     [](std::span<const std::string> arguments, const Settings& settings, const TrainControl& control) {
       return tamis::models::evaluate_lightgcn(arguments[0], arguments[1], arguments[2], settings, control);
     }},
    {"leave-one-out", 1,
     [](std::span<const std::string> arguments, const Settings& settings, const TrainControl& control) {
       return tamis::models::evaluate_leave_one_out(arguments[0], arguments[1], settings, control);
     }},
    {"split", 1,
     [](std::span<const std::string> arguments, const Settings& settings,
        const TrainControl& control) -> Result<EvaluationReport> {
       TAMIS_ASSIGN_OR_RETURN(const auto files, tamis::models::find_split_files(arguments[0]));
       return tamis::models::evaluate_split(files, arguments[1], settings, control);
     }},
    {"ratings", 1,
     [](std::span<const std::string> arguments, const Settings& settings, const TrainControl& control) {
       return tamis::models::evaluate_ratings(arguments[0], arguments[1], settings, control);
     }},
};

int usage(const char* program) {
  std::fprintf(stderr,
               "usage: %s [--protocol lightgcn|leave-one-out|split|ratings] FILE... MODEL [threads=N] [key=value]...\n",
               program);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const Protocol* protocol = &kProtocols[0];
  if (arguments.size() >= 2 && arguments[0] == "--protocol") {
    protocol = nullptr;
    for (const Protocol& known : kProtocols) {
      if (known.name == arguments[1]) protocol = &known;
    }
    arguments.erase(arguments.begin(), arguments.begin() + 2);
  }
  if (protocol == nullptr || arguments.size() < protocol->files + 1) return usage(argv[0]);

  TrainControl control{.threads = std::max(1U, std::thread::hardware_concurrency()),
                       .report = [](double progress, std::string_view detail) {
                         std::fprintf(stderr, "%3.0f%% %.*s\n", 100 * progress, static_cast<int>(detail.size()),
                                      detail.data());
                       }};
  Settings settings;
  for (std::size_t i = protocol->files + 1; i < arguments.size(); ++i) {
    const std::size_t equals = arguments[i].find('=');
    if (equals == std::string::npos) return usage(argv[0]);
    const std::string key = arguments[i].substr(0, equals);
    const std::string value = arguments[i].substr(equals + 1);
    if (key == "threads") {
      control.threads = static_cast<std::uint32_t>(std::strtoul(value.c_str(), nullptr, 10));
    } else {
      settings[key] = value;
    }
  }
  const auto report = protocol->run(arguments, settings, control);
  if (!report.is_ok()) {
    std::fprintf(stderr, "%s\n", report.status().to_string().c_str());
    return 1;
  }
  std::printf("%s\n", tamis::models::to_json(*report).c_str());
  return 0;
}
