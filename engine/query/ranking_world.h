// RankingWorld: a query and its candidates in the ranker's terms (engine/serving/rank_query.h).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/query/ranking.h"
#include "engine/serving/rank_query.h"

namespace tamis::engine {

// Externally synchronised; lives for one ranking. REQUIRES: `input` outlives this and names a state with a generation.
class RankingWorld {
 public:
  explicit RankingWorld(const RankingInput& input);
  RankingWorld(const RankingWorld&) = delete;
  RankingWorld& operator=(const RankingWorld&) = delete;

  const RankModels& models() const { return models_; }
  const RankQuery& query() const { return query_; }
  std::span<const RankCandidate> candidates() const { return candidates_; }
  EntityTable::Revision revision(std::size_t candidate) const { return revisions_[candidate]; }

  static const Features* features_of(const void* world, std::uint32_t item) {
    return static_cast<const RankingWorld*>(world)->history_features(item);
  }

 private:
  TimestampMs listed_ms(const Features* features) const;
  const Features* history_features(DenseId item) const;

  const RankingInput& input_;
  const ReadState& state_;
  std::vector<RankEvent> events_;
  std::vector<std::shared_ptr<const Entity>> entities_;
  std::vector<EntityTable::Revision> revisions_;  // of the same
  std::vector<RankCandidate> candidates_;
  RankModels models_;
  std::string user_id_;
  RankQuery query_;
  mutable std::unordered_map<DenseId, std::shared_ptr<const Entity>> history_;
};

}  // namespace tamis::engine
