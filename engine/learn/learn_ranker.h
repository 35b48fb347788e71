// Learning the ranker of a generation from its interactions, and measuring it on what came later.
//
// Where enough of what was shown is known and came to something (ranker.min_served), the lists that were served are the
// examples of a window; else lists are made of what would have been retrieved.
//
// No example knows what follows it: lists of a window are made by retrieval models learned from what came before the
// window, with the histories and counts of each list's own moment. The models that serve are learned from everything
// afterwards; their scores keep their meaning, their ranks all the more.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/learn/dataset.h"
#include "engine/learn/rank_lists.h"
#include "engine/learn/run_control.h"
#include "engine/learn/served_lists.h"
#include "engine/serving/generation_ranker.h"
#include "engine/settings/model_settings.h"
#include "engine/settings/ranker_settings.h"

namespace tamis::engine {

struct RankerTraining {
  std::vector<std::string> models;  // of the run; those that retrieve give scores and candidates
  const ModelSettings* settings = nullptr;
  RankerSettings ranker;
  RankClock clock;
  const std::vector<ServedList>* served = nullptr;         // what was shown, by time; null: nothing was logged
  std::map<std::string, std::string>* left_out = nullptr;  // receives objectives without enough examples, with why
};

// Learns one model per objective from events [0, end); an objective without enough examples is left out.
// failed_precondition where there is too little to learn any from, or no user returns within a window; invalid_argument
// where an objective names a type that nobody used; unavailable.
Result<std::vector<LearnedObjective>> learn_ranker(const RankWorld& world, std::size_t end,
                                                   const RankerTraining& training, const RunControl& control);

// Learns from events [0, head_end) and ranks for each user at the moment where the head ends; what they took later is
// right. "ndcg@10", "recall@10" and so on of the ranked lists, "retrieval_ndcg@10" of the same candidates in the order
// of their merge, and for each objective over all pairs "auc.<name>", "log_loss.<name>", "ece.<name>"; "served_lists"
// tells how many served lists those are of, where they are of such. `learned`, where given, receives the ranker.
Result<std::map<std::string, double>> evaluate_ranker(const RankWorld& world, std::size_t head_end,
                                                      const RankerTraining& training, const RunControl& control,
                                                      std::vector<LearnedObjective>* learned = nullptr);

}  // namespace tamis::engine
