#include "engine/batch/batch_files.h"

#include "common/durable_files.h"
#include "engine/documents/filter_json.h"
#include "engine/documents/strict_json.h"

namespace tamis::engine {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRequestFile = "request.json";
constexpr const char* kStateFile = "state.json";
constexpr std::uint64_t kMaxStateBytes = 1 << 20;

Json state_to_json(const BatchState& state) {
  const Batch& batch = state.batch;
  return {{"state", batch.state},
          {"detail", batch.detail},
          {"progress", batch.progress},
          {"lists", batch.lists},
          {"bytes", batch.bytes},
          {"generation", batch.generation},
          {"first_sequence", batch.first_sequence},
          {"last_sequence", batch.last_sequence},
          {"resumed", batch.resumed},
          {"created_ms", batch.created_ms},
          {"finished_ms", batch.finished_ms},
          {"next", state.next}};
}

}  // namespace

fs::path lists_path(const fs::path& dir, const BatchRequest& request) {
  return dir / ("lists." + std::string(request.format));
}

Status create_batch_files(const fs::path& dir, const BatchState& state) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return Status::io_error("cannot create " + dir.string() + ": " + error.message());
  TAMIS_RETURN_IF_ERROR(write_file_synced(lists_path(dir, state.batch.request), ""));
  TAMIS_RETURN_IF_ERROR(write_file_synced(dir / kRequestFile, batch_request_to_json(state.batch.request)));
  TAMIS_RETURN_IF_ERROR(write_batch_state(dir, state));
  return sync_directory(dir.parent_path());
}

Status write_batch_state(const fs::path& dir, const BatchState& state) {
  return replace_file(dir / kStateFile, state_to_json(state).dump());
}

Result<BatchState> read_batch_state(const fs::path& dir) {
  std::error_code error;
  if (!fs::exists(dir / kStateFile, error))
    return Status::not_found("there is no batch '" + dir.filename().string() + "'");
  TAMIS_ASSIGN_OR_RETURN(const std::string request, read_whole_file(dir / kRequestFile, kMaxStateBytes));
  TAMIS_ASSIGN_OR_RETURN(const std::string text, read_whole_file(dir / kStateFile, kMaxStateBytes));
  BatchState state;
  Result<BatchRequest> parsed = parse_batch(request);
  if (!parsed.is_ok()) return Status::corruption(std::string(kRequestFile) + ": " + parsed.status().message());
  state.batch.request = *std::move(parsed);
  const Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  try {
    Batch& batch = state.batch;
    batch.id = dir.filename().string();
    batch.state = value.at("state").get<std::string>();
    batch.detail = value.at("detail").get<std::string>();
    batch.progress = value.at("progress").get<double>();
    batch.lists = value.at("lists").get<std::uint64_t>();
    batch.bytes = value.at("bytes").get<std::uint64_t>();
    batch.generation = value.at("generation").get<std::string>();
    batch.first_sequence = value.at("first_sequence").get<Sequence>();
    batch.last_sequence = value.at("last_sequence").get<Sequence>();
    batch.resumed = value.at("resumed").get<std::uint32_t>();
    batch.created_ms = value.at("created_ms").get<TimestampMs>();
    batch.finished_ms = value.at("finished_ms").get<TimestampMs>();
    batch.path = lists_path(dir, batch.request).string();
    state.next = value.at("next").get<DenseId>();
  } catch (const Json::exception& fault) {
    return Status::corruption(std::string(kStateFile) + " is not as it should be: " + fault.what());
  }
  return state;
}

}  // namespace tamis::engine
