// tamis train-worker: a training run in a process of its own. Started by the server alone, and not shown in --help.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "embeddings/endpoint_source.h"
#include "engine/training_worker.h"
#include "server/commands/commands.h"

namespace tamis::server {

void add_train_worker_command(CLI::App& app, int* exit_code) {
  auto task_file = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand(std::string(kTrainWorkerCommand), "Run one training task")->group("");
  command->add_option("task", *task_file, "The task's file")->required();
  command->callback([task_file, exit_code] {
    *exit_code = run_training_worker(
        *task_file, [](const TrainingOptions& options) { return embeddings::open_text_embedders(options.settings); });
  });
}

}  // namespace tamis::server
