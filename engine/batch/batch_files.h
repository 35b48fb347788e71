// The files of a batch: batches/<id>/request.json, state.json, and lists.ndjson or lists.csv.
//
// Functions of their arguments and the files; one writer per batch.
#pragma once

#include <filesystem>
#include <string>

#include "common/ids.h"
#include "common/status.h"
#include "engine/batch.h"

namespace tamis::engine {

// A batch, and where it goes on.
struct BatchState {
  Batch batch;
  DenseId next = 0;  // the first user or item that has no list yet
};

std::filesystem::path lists_path(const std::filesystem::path& dir, const BatchRequest& request);

// Makes `dir` with the request, an empty file of lists and the state. io_error, resource_exhausted.
Status create_batch_files(const std::filesystem::path& dir, const BatchState& state);
// Replaces the state. The lists that it counts have to be durable before.
Status write_batch_state(const std::filesystem::path& dir, const BatchState& state);
// corruption, io_error, not_found.
Result<BatchState> read_batch_state(const std::filesystem::path& dir);

}  // namespace tamis::engine
