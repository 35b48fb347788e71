// The files of a generation's ranker: ranker.safetensors of the first objective, ranker_2.safetensors and so on of the
// others (ranker/dlrm_file.h), listed in the manifest. Thread-safe: functions of their arguments and the files.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "common/status.h"
#include "engine/generations/manifest.h"
#include "engine/serving/generation_ranker.h"
#include "engine/serving/row_cache.h"

namespace tamis::engine {

// io_error, resource_exhausted (disk full).
Status write_ranker(const std::filesystem::path& dir, const std::vector<LearnedObjective>& objectives);
std::vector<Manifest::Ranker> describe_ranker(const std::vector<LearnedObjective>& objectives);

// Empty where the manifest names none. corruption (a file that the manifest does not verify, an objective twice or
// without a name), invalid_argument (what read_dlrm() refuses; a field that the engine cannot fill), io_error.
// Tables that take more than `rows` may hold stay in their files, and `rows` keeps the hot rows; null: none do.
Result<std::vector<LearnedObjective>> read_ranker(const std::filesystem::path& dir, const Manifest& manifest,
                                                  const std::shared_ptr<RowCache>& rows = nullptr);

}  // namespace tamis::engine
