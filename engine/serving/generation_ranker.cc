#include "engine/serving/generation_ranker.h"

#include <utility>

namespace tamis::engine {

GenerationRanker::Objective::Objective(std::string name, RankEncoder encoder,
                                       std::shared_ptr<const ranker::TrainedDlrm> model, std::uint64_t items_bytes)
    : name_(std::move(name)),
      encoder_(std::move(encoder)),
      model_(std::move(model)),
      scorer_(std::shared_ptr<const ranker::Dlrm>(model_, &model_->model)),
      items_(encoder_, scorer_, items_bytes) {}

Result<std::shared_ptr<const GenerationRanker>> GenerationRanker::create(
    const std::vector<LearnedObjective>& objectives, std::uint64_t items_bytes) {
  auto made = std::shared_ptr<GenerationRanker>(new GenerationRanker());
  for (const LearnedObjective& objective : objectives) {
    auto encoder = RankEncoder::create(objective.model->encoder);
    if (!encoder.is_ok()) return Status(encoder.status()).with_context("the ranker of \"" + objective.name + "\"");
    made->objectives_.push_back(std::make_unique<const Objective>(objective.name, *std::move(encoder), objective.model,
                                                                  items_bytes / objectives.size()));
  }
  return std::shared_ptr<const GenerationRanker>(std::move(made));
}

}  // namespace tamis::engine
