// TrainingProcess: a training run in a process of its own, so that its memory, its crash or its kill never touches
// serving. The worker (engine/training_worker.h) reads a checkpoint of the store, writes the generation's files, and
// tells of its progress line by line through a pipe on kReportFile.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/status.h"
#include "engine/learn/run_control.h"
#include "engine/learn/training_task.h"

namespace tamis::engine {

// Runs `command` with the path of the task as its last argument and waits for its end, on the calling thread; passes
// its progress on to `control`. The worker is killed within 100 ms of a cancellation, and with the calling thread.
// Errors: what the worker told; unavailable (cancelled); internal with the signal or exit code where it ended without a
// word; io_error (no process or pipe to be had). What it left behind is the caller's to remove.
Result<GenerationInfo> train_in_process(const std::vector<std::string>& command, const std::filesystem::path& task_file,
                                        const RunControl& control);

}  // namespace tamis::engine
