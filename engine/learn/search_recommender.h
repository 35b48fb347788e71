// The search of an automatic run: which models, with which settings, in which funnel, recommend best on this data.
//
// Everything is measured on the run's held-out tail, learned from what came before it:
//   1. Models, the cheap ones first, at their defaults: ndcg@10 over 5,000 returning users at most.
//   2. Settings of the best of them, a short list each (search_settings.h).
//   3. Retrievers: what each model gives to a sample of the users by the path that serves, and their greedy fusion
//      (fuse_retrievers.h).
//   4. The ranker over what is retrieved, against none; and the funnel that is in use now.
// Where people mostly take again what they took before (bread, songs), right is all that they took, and lists may
// repeat it; else right is what is new to them. A step is left out where the budget does not hold it.
#pragma once

#include "engine/learn/train_generation.h"

namespace tamis::engine {

// What the search found best, to be learned from everything.
struct FoundRecommender {
  std::vector<std::string> models;
  ModelSettings settings;
};

// Names beside kAutomatic in the run's models are learned whatever is found. Fills the metrics, funnels, left_out,
// note, chosen, found_settings, default_funnel and trials of `info`. Where nothing can be held out, or fewer than
// 20 users return, the models are those that learn in seconds and the default funnel stays as it is. invalid_argument,
// unavailable (cancelled). `before` is the generation that serves (empty: none): the search starts from the settings
// that it found. A run without a held-out share (TrainingRun::holdout is 0) holds out a tenth: nothing can be chosen
// without one.
// `part` is what the search looks at of what there is in `all`: the same, or the users of a sample.
Result<FoundRecommender> search_recommender(const Dataset& part, const Dataset& all, const TrainingRun& run,
                                            const GenerationInfo& before, const RunControl& control,
                                            GenerationInfo* info);

}  // namespace tamis::engine
