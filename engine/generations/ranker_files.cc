#include "engine/generations/ranker_files.h"

#include <set>
#include <string>
#include <utility>

#include "engine/serving/file_rows.h"
#include "engine/serving/rank_encoder.h"

namespace tamis::engine {
namespace {

std::string file_name(std::size_t objective) {
  return objective == 0 ? "ranker.safetensors" : "ranker_" + std::to_string(objective + 1) + ".safetensors";
}

}  // namespace

Status write_ranker(const std::filesystem::path& dir, const std::vector<LearnedObjective>& objectives) {
  for (std::size_t i = 0; i < objectives.size(); ++i) {
    const ranker::TrainedDlrm& trained = *objectives[i].model;
    TAMIS_RETURN_IF_ERROR(ranker::write_dlrm(dir / file_name(i), trained.model, trained.encoder, trained.calibrator));
  }
  return Status::ok();
}

std::vector<Manifest::Ranker> describe_ranker(const std::vector<LearnedObjective>& objectives) {
  std::vector<Manifest::Ranker> entries;
  for (std::size_t i = 0; i < objectives.size(); ++i) entries.push_back({objectives[i].name, file_name(i)});
  return entries;
}

Result<std::vector<LearnedObjective>> read_ranker(const std::filesystem::path& dir, const Manifest& manifest,
                                                  const std::shared_ptr<RowCache>& rows) {
  ranker::TablesOnDisk on_disk;
  if (rows != nullptr) {
    on_disk.above_bytes = rows->capacity_bytes();
    on_disk.open = [&](std::shared_ptr<const models::TensorReader> file,
                       std::vector<models::TensorReader::Info> tables) -> std::shared_ptr<const ranker::RowSource> {
      return std::make_shared<const FileRows>(rows, std::move(file), std::move(tables));
    };
  }
  std::vector<LearnedObjective> objectives;
  std::set<std::string> names;
  for (const Manifest::Ranker& entry : manifest.ranker) {
    if (!manifest.files.contains(entry.file))
      return Status::corruption("the manifest does not list the file \"" + entry.file + "\" of its ranker");
    if (entry.objective.empty() || !names.insert(entry.objective).second)
      return Status::corruption("the manifest names the objective \"" + entry.objective + "\" twice, or not at all");
    TAMIS_ASSIGN_OR_RETURN(ranker::TrainedDlrm trained,
                           ranker::read_dlrm(dir / entry.file, rows == nullptr ? nullptr : &on_disk));
    TAMIS_RETURN_IF_ERROR(RankEncoder::create(trained.encoder).status());
    objectives.push_back({entry.objective, std::make_shared<const ranker::TrainedDlrm>(std::move(trained))});
  }
  return objectives;
}

}  // namespace tamis::engine
