// The file of one history model of a generation, <kind>.safetensors, and its entry in the manifest.
// Thread-safe: functions of their arguments and the files.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "common/status.h"
#include "engine/generations/manifest.h"
#include "models/history_model.h"

namespace tamis::engine {

std::string history_model_file_name(const std::string& kind);  // "ease.safetensors"

// io_error, resource_exhausted (disk full).
Status write_history_model(const std::filesystem::path& dir, const models::HistoryModel& model);

// Loads it by its kind. corruption, invalid_argument (a kind or a setting that this build does not know), io_error.
Result<std::shared_ptr<const models::HistoryModel>> read_history_model(const std::filesystem::path& dir,
                                                                       const std::string& kind,
                                                                       const Manifest& manifest);

}  // namespace tamis::engine
