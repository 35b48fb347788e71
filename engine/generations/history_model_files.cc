#include "engine/generations/history_model_files.h"

#include "common/nearest_name.h"
#include "models/kinds/history_model_kinds.h"
#include "models/matrix_io.h"

namespace tamis::engine {
namespace {

Status unknown_history_model(const std::string& kind) {
  std::vector<std::string_view> known;
  for (const models::HistoryModelKind& candidate : models::history_model_kinds()) known.push_back(candidate.name);
  std::string message = "'" + kind + "' is no kind of history model that this build loads";
  if (const std::string_view nearest = nearest_name(kind, known); !nearest.empty())
    message += "; did you mean '" + std::string(nearest) + "'?";
  return Status::invalid_argument(std::move(message)).at_field("kind");
}

}  // namespace

std::string history_model_file_name(const std::string& kind) { return kind + ".safetensors"; }

Status write_history_model(const std::filesystem::path& dir, const models::HistoryModel& model) {
  models::TensorWriter writer;
  model.add_tensors(writer);
  return writer.write(dir / history_model_file_name(model.shape().kind));
}

Result<std::shared_ptr<const models::HistoryModel>> read_history_model(const std::filesystem::path& dir,
                                                                       const std::string& kind,
                                                                       const Manifest& manifest) {
  const models::HistoryModelKind* known = models::find_history_model_kind(kind);
  if (known == nullptr) return unknown_history_model(kind);
  const std::string file = history_model_file_name(kind);
  if (!manifest.files.contains(file)) return Status::corruption("the manifest does not name " + file);
  TAMIS_ASSIGN_OR_RETURN(const models::TensorReader tensors, models::TensorReader::open(dir / file));
  const Manifest::Size size = manifest.size_of(kind);
  const models::HistoryModelShape shape{.kind = kind, .users = size.users, .items = size.items};
  TAMIS_ASSIGN_OR_RETURN(
      std::unique_ptr<models::HistoryModel> model,
      known->load({.shape = shape, .settings = manifest.history_models.at(kind).settings, .tensors = tensors}));
  return std::shared_ptr<const models::HistoryModel>(std::move(model));
}

}  // namespace tamis::engine
