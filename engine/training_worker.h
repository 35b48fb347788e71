// The other side of a training run in a process of its own: what a program calls that was started as a worker
// (TrainingOptions::worker_command). `tamis` does so under a hidden command.
#pragma once

#include <filesystem>

namespace tamis {

inline constexpr int kReportFile = 3;  // the file descriptor that the worker reports to

// Limits this process (memory, priority; it dies with its parent), trains as the task says, reports. The exit code. To
// be called early in main(), before other threads: limits count for the whole process.
int run_training_worker(const std::filesystem::path& task_file);

}  // namespace tamis
