#include "engine/learn/training_process.h"

#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "tests/engine/temporary_directory.h"

namespace tamis::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A shell in the place of the worker: what it says and how it ends is the script's.
std::vector<std::string> shell(const std::string& script) { return {"/bin/sh", "-c", script}; }

TEST(TrainingTask, SurvivesItsJson) {
  TrainingTask task{.store = "/a b/store",
                    .output = "/g4",
                    .generation = "g4",
                    .now_ms = 12,
                    .options = {},
                    .interaction_types = {parse_interaction_type("view", R"({"weight":0.5})").value()},
                    .clock = {}};
  task.options.models = {"ials"};
  task.options.settings["ials"] = {{"dim", "8"}};
  task.options.memory_limit_bytes = 1ull << 40;
  task.options.nice = 3;
  const auto read = parse_training_task(training_task_to_json(task));
  ASSERT_TRUE(read.is_ok()) << read.status().to_string();
  EXPECT_EQ(training_task_to_json(*read), training_task_to_json(task));
  EXPECT_EQ(parse_training_task("{}").status().code(), StatusCode::kInvalidArgument);
}

TEST(TrainingProcess, PassesProgressAndTheResultOn) {
  GenerationInfo made;
  made.id = "g7";
  made.models = {"ials"};
  const std::string script = "echo '" + worker_message_to_json(WorkerProgress{0.25, "ials", "sweep 1"}) +
                             "' >&3; echo '" + worker_message_to_json(WorkerWarning{"3 values"}) + "' >&3; echo '" +
                             worker_message_to_json(WorkerLog{"warning", "no room"}) + "' >&3; echo '" +
                             worker_message_to_json(made) + "' >&3";
  std::vector<std::string> seen;
  RunControl control;
  control.report = [&](double progress, std::string_view stage, std::string_view detail) {
    seen.push_back(std::to_string(progress) + " " + std::string(stage) + " " + std::string(detail));
  };
  std::vector<std::string> warnings;
  control.warn = [&](const std::string& warning) { warnings.push_back(warning); };
  const auto info = train_in_process(shell(script), "task.json", control);
  ASSERT_TRUE(info.is_ok()) << info.status().to_string();
  EXPECT_EQ(info->id, "g7");
  EXPECT_THAT(warnings, ElementsAre("3 values"));
  EXPECT_THAT(seen, ElementsAre("0.250000 ials sweep 1"));
}

TEST(TrainingProcess, TellsHowAWorkerFailed) {
  const auto failure = [](const std::string& script) {
    return train_in_process(shell(script), "task.json", RunControl{}).status();
  };
  const Status told = failure("echo '" + worker_message_to_json(Status::resource_exhausted("no memory").at_field("x")) +
                              "' >&3; exit 1");
  EXPECT_EQ(told.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(told.field(), "x");
  const Status killed = failure("kill -9 $$");
  EXPECT_EQ(killed.code(), StatusCode::kInternal);
  EXPECT_THAT(killed.message(), HasSubstr("signal 9"));
  EXPECT_THAT(failure("exit 3").message(), HasSubstr("exit code 3"));
  EXPECT_EQ(failure("echo nonsense >&3").code(), StatusCode::kCorruption);
  EXPECT_EQ(train_in_process({"/no/such/program"}, "task.json", RunControl{}).status().code(), StatusCode::kIoError);
}

TEST(TrainingProcess, KillsTheWorkerWhenCancelled) {
  TemporaryDirectory directory;
  const std::string mark = (directory / "survived").string();
  std::atomic<bool> cancelled = false;
  RunControl control;
  control.cancelled = &cancelled;
  std::thread canceller([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    cancelled = true;
  });
  const auto start = std::chrono::steady_clock::now();
  const auto info = train_in_process(shell("sleep 20; touch " + mark), "task.json", control);
  canceller.join();
  EXPECT_EQ(info.status().code(), StatusCode::kUnavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(15));
  EXPECT_FALSE(std::filesystem::exists(mark));
}

}  // namespace
}  // namespace tamis::engine
