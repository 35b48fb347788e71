// FunnelTrial: what the funnels in use would give people with the members of a new generation, and with those that
// serve.
//
// A scratch database is filled with what was there before the cut, and holds the models that an evaluation learned from
// that (TrialModels): once the members that the run is to give, once those that serve. Every funnel is asked for the
// same users, who took something after the cut. So both sides are measured on one split, by the path that serves:
// retrieval, ranking, rules and fallback. What serves counts less what chance may have added: two standard errors of
// the difference, user by user.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/funnel.h"
#include "engine/learn/dataset.h"
#include "engine/learn/evaluation.h"
#include "engine/options.h"
#include "engine/requests.h"
#include "storage/store.h"

namespace tamis::engine {

// A value type; what it points to outlives the trial.
struct FunnelTrial {
  const storage::Store* store = nullptr;       // what the dataset was loaded from
  DatabaseOptions options;                     // how the database counts and serves
  std::vector<FunnelConfig> funnels;           // resolved: nothing left to a base
  std::filesystem::path scratch;               // a directory that does not exist; removed afterwards
  std::vector<std::string> serving;            // members of the generation that serves; empty: none does
  std::size_t max_users = 500;                 // asked for; more are sampled
  std::uint64_t max_interactions = 2'000'000;  // copied for a trial; where there are more, users are sampled
};

// `members` are those of the new generation; those that `learned` lacks are left out on both sides, and told of as
// FunnelQuality::without. failed_precondition where there is nobody to ask; unavailable (cancelled).
Result<std::map<std::string, FunnelQuality>> try_funnels(const FunnelTrial& trial, const Dataset& dataset,
                                                         TimestampMs cut_ms, const TrialModels& learned,
                                                         const std::vector<std::string>& members,
                                                         const RunControl& control);

}  // namespace tamis::engine
