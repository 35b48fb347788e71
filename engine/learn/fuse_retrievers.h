// The retrievers, their weights and their merge that together make the best lists, by greedy forward selection
// (Caruana et al. 2004, doi:10.1145/1015330.1015432) on the lists that each gave to held-out users.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/cancellation.h"
#include "engine/funnel.h"
#include "models/scored_id.h"

namespace tamis::engine {

// What one retriever gave to each user, best first.
struct RetrieverLists {
  RetrieverConfig config;
  std::vector<std::vector<models::ScoredId>> by_user;
};

struct FusedRetrievers {
  std::vector<RetrieverConfig> retrievers;  // the best alone first, then each that made the list better
  MergeMethod merge = MergeMethod::kReciprocalRank;
  std::vector<double> ndcg10;  // by user
};

// Mean, and the standard error of the mean.
struct MeanOfUsers {
  double mean = 0;
  double error = 0;
};
MeanOfUsers mean_of(std::span<const double> by_user);
// Of a - b, user by user. REQUIRES: as many of each.
MeanOfUsers mean_gain(std::span<const double> a, std::span<const double> b);

// A retriever is added where its gain exceeds one and a half standard errors of the gain, so that chance rarely adds
// one. `relevant` has the items of each user, ascending; ids are those of the lists. At most `most` are taken.
// REQUIRES: one list of each user and retriever, one retriever at least.
FusedRetrievers fuse_retrievers(std::span<const RetrieverLists> lists,
                                std::span<const std::vector<std::uint32_t>> relevant, std::size_t most);

}  // namespace tamis::engine
