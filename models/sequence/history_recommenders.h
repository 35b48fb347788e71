// Models as recommenders of held-out histories: query.user is the place in a list of HeldOutAction.
#pragma once

#include <functional>
#include <vector>

#include "models/ranking_evaluation.h"
#include "models/sequence/sequence_dataset.h"
#include "models/sequence/sequence_encoder.h"

namespace tamis::models {

// A trained model: what recommends for any list of histories, which then outlives the recommender.
using HistoryRecommender = std::function<Recommender(const std::vector<HeldOutAction>& histories)>;

// A sequence encoder, which outlives the model and its recommenders; histories are encoded in batches. Thread-safe
// while the encoder is not trained.
HistoryRecommender rank_by_encoder(const SequenceEncoder& encoder);

}  // namespace tamis::models
