#include "client/command_line/train_command.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "client/command_line/commands.h"
#include "client/command_line/progress.h"

namespace tamis::client {
namespace {

// What the server warns of that concerns no funnel: models that were trained and that no funnel uses.
void print_unused_models(Client& client) {
  const auto stats = client.stats_json();
  if (!stats.is_ok()) return;  // the training itself went well
  const auto document = nlohmann::json::parse(*stats, nullptr, false);
  if (!document.is_object() || !document.contains("warnings")) return;
  for (const auto& warning : document["warnings"]) {
    if (warning.is_object() && !warning.contains("funnel") && warning.contains("detail"))
      std::fprintf(stderr, "tamis: train: warning: %s\n", warning["detail"].get<std::string>().c_str());
  }
}

}  // namespace

int run_train(const TrainOptions& options) {
  auto client = connect(options.remote);
  if (!client.is_ok()) return report_failure("train", client.status()), kExitUsage;
  auto started = (*client)->train(options.models, !options.alone);
  if (!started.is_ok()) return report_failure("train", started.status());
  const std::string id = started->id;
  if (started->coalesced) std::fprintf(stderr, "tamis: train: an equal run waits already: %s\n", id.c_str());
  if (options.no_wait) {
    std::printf("%s\n", options.remote.is_json() ? started->json.c_str() : id.c_str());
    return kExitOk;
  }

  const InterruptGuard guard;
  // Progress counts steps, and some take a hundred times as long as others: no rate tells when the run ends.
  ProgressOptions shown = progress_on_stderr(options.remote.quiet);
  shown.estimates = false;
  Progress progress("training " + id, "", shown);
  auto job = (*client)->wait_job(id, [&](const JobProgress& seen) {
    std::string note = seen.stage.empty() ? seen.state : seen.stage;
    if (!seen.detail.empty()) note += ": " + seen.detail;
    progress.update(0, seen.progress, note);
    return !InterruptGuard::is_interrupted();
  });
  if (!job.is_ok()) return report_failure("train: following " + id, job.status());
  if (!job->is_finished()) {
    std::fprintf(stderr, "\ntamis: train: interrupted; the job %s goes on at the server\n", id.c_str());
    return kExitInterrupted;
  }
  if (options.remote.is_json()) std::printf("%s\n", job->json.c_str());
  if (!options.remote.is_json())
    for (const std::string& warning : job->warnings) std::fprintf(stderr, "\ntamis: train: %s\n", warning.c_str());
  if (job->state != "succeeded") {
    progress.finish(0, "training " + id + " " + job->state);
    std::fprintf(stderr, "tamis: train: the job %s %s: %s\n", id.c_str(), job->state.c_str(), job->detail.c_str());
    return kExitFailed;
  }
  progress.finish(0);
  print_unused_models(**client);
  if (!options.remote.is_json()) {
    std::printf("generation %s%s%s\n", job->generation.c_str(), job->detail.empty() ? "" : ": ", job->detail.c_str());
  }
  return kExitOk;
}

}  // namespace tamis::client
