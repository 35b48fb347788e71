// The numbers that the engine computes for the ranker: of the user's history, and of each candidate for that user.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "engine/serving/model_scores.h"
#include "engine/serving/rank_feature.h"
#include "engine/serving/rank_query.h"

namespace tamis::engine {

// A number that is not there, as the days since an interaction that never was: the mean, for the ranker.
inline constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();

// One of the history's numbers. REQUIRES: feature.source is a kHistory one.
double history_number(const RankFeature& feature, const RankQuery& query);

// The numbers of crossed features, [candidates, features], row-major. `item_features(key)` gives the features of an
// item of the history, or null. REQUIRES: every feature is of side crossed.
using ItemFeaturesOf = const Features* (*)(const void* world, std::uint32_t key);
std::vector<double> crossed_numbers(std::span<const RankFeature> features, const ModelScores& scores,
                                    const RankQuery& query, std::span<const RankCandidate> candidates,
                                    const void* world, ItemFeaturesOf item_features);

}  // namespace tamis::engine
