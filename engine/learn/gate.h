// Gate: whether a new generation may serve in the place of the one that does.
#pragma once

#include <optional>
#include <string>

#include "engine/requests.h"

namespace tamis::engine {

struct GateDecision {
  bool holds = false;
  std::string reason;  // for people, with the figures
};

// Compares ndcg@10 of the primary models: the rankers where both have one, else iALS where it was evaluated, else the
// best of the personal ones, else `popular`. The candidate's must reach (1 - tolerance) of the serving one's.
//
// Each was measured on its own held-out tail (the serving generation has since learned from most of the candidate's, so
// that measuring it there would flatter it). A tail may be harder by season or mix: where `popular`, which hardly
// depends on training, lost as well, the bar is lowered by the share that it lost. On the same data the tails are the
// same and the comparison is exact.
// A ranker must not harm: where its lists reach less than (1 - tolerance) of the ndcg@10 of the same candidates in the
// order of their retrieval, the generation does not serve, whatever serves now.
// Holds else where there is nothing serving or nothing was measured: a generation is better than none.
GateDecision check_gate(const GenerationInfo& candidate, const std::optional<GenerationInfo>& serving,
                        double tolerance);

}  // namespace tamis::engine
