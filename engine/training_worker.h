// The other side of a training run in a process of its own: what a program calls that was started as a worker
// (TrainingOptions::worker_command). `tamis` does so under a hidden command.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "engine/options.h"

namespace tamis {

inline constexpr int kReportFile = 3;  // the file descriptor that the worker reports to

// Limits this process (memory, priority; it dies with its parent), trains as the task says, reports. The exit code. To
// be called early in main(), before other threads: limits count for the whole process.
// `text_embedders` (may be empty) makes the source of DatabaseOptions::text_embedders from a run's options.
using TextEmbedderFactory =
    std::function<Result<std::shared_ptr<const models::TextEmbedderSource>>(const TrainingOptions& options)>;
int run_training_worker(const std::filesystem::path& task_file, const TextEmbedderFactory& text_embedders = {});

}  // namespace tamis
