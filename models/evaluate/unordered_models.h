// Models of sets of items as recommenders of held-out histories: what sequence models are compared with.
#pragma once

#include <string_view>

#include "common/status.h"
#include "models/sequence/history_recommenders.h"
#include "models/settings.h"

namespace tamis::models {

// "popular", "item_knn" and "ials" on data.train taken as sets. Errors: as of their training functions.
Result<HistoryRecommender> train_unordered_model(std::string_view model, const Settings& settings,
                                                 const SequenceDataset& data, const TrainControl& control);

}  // namespace tamis::models
