// GenerationRanker: the ranker of a generation, ready to score: one model per objective.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/serving/rank_encoder.h"
#include "engine/serving/ranked_items.h"
#include "ranker/calibration.h"
#include "ranker/dlrm_file.h"
#include "ranker/factorized_scorer.h"

namespace tamis::engine {

inline constexpr std::uint64_t kRankerItemsBytes = 512ull << 20;  // MemoryOptions::ranker_items_bytes by default

// One model of one objective, as a run learned it.
struct LearnedObjective {
  std::string name;  // as formulas call it
  std::shared_ptr<const ranker::TrainedDlrm> model;
};

// Immutable but for the items' parts, which are a cache. Thread-safe.
class GenerationRanker {
 public:
  class Objective {
   public:
    Objective(std::string name, RankEncoder encoder, std::shared_ptr<const ranker::TrainedDlrm> model,
              std::uint64_t items_bytes);
    Objective(const Objective&) = delete;
    Objective& operator=(const Objective&) = delete;

    const std::string& name() const { return name_; }
    const RankEncoder& encoder() const { return encoder_; }
    const ranker::FactorizedScorer& scorer() const { return scorer_; }
    const RankedItems& items() const { return items_; }
    double probability(float logit) const { return double{model_->calibrator.probability(logit)}; }

   private:
    std::string name_;
    RankEncoder encoder_;
    std::shared_ptr<const ranker::TrainedDlrm> model_;
    ranker::FactorizedScorer scorer_;
    RankedItems items_;
  };

  // The objectives share `items_bytes` for items' parts. invalid_argument where a model names a field that the engine
  // cannot fill.
  static Result<std::shared_ptr<const GenerationRanker>> create(const std::vector<LearnedObjective>& objectives,
                                                                std::uint64_t items_bytes = kRankerItemsBytes);

  // In their order; the first is what a funnel without a formula ranks by. Never empty.
  const std::vector<std::unique_ptr<const Objective>>& objectives() const { return objectives_; }

 private:
  GenerationRanker() = default;
  std::vector<std::unique_ptr<const Objective>> objectives_;
};

}  // namespace tamis::engine
