#include "engine/query/ranking.h"

namespace tamis::engine {

Result<Ranking> rank_candidates(const RankingInput& input) {
  Ranking ranking;
  if (input.config.kind != "none") ranking.note = "the serving generation has no ranker";
  return ranking;
}

}  // namespace tamis::engine
