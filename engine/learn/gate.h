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

// Compares what people would get: ndcg@10 of each funnel in use (GenerationInfo::funnels). It must reach (1 -
// tolerance)
//   - of what the members that serve now give on the same split, and
//   - of what was recorded for the serving generation, where the same members took part in both measurements.
// Where no funnel was measured, the figures of one model that both have are compared: the ranker's, iALS', the best
// personal one's, `popular`'s.
//
// A recorded figure was measured on its own held-out tail (the serving generation has since learned from most of the
// candidate's, so that measuring it there would flatter it). A tail may be harder by season or mix: where `popular`,
// which hardly depends on training, lost as well, the bar is lowered by the share that it lost. On the same data the
// tails are the same and the comparison is exact. Tails of different users differ by chance, too: a recorded figure
// counts less two standard errors where the tails are not the same. Where more than half of what is known was written
// after the serving generation learned, its recorded figures are those of another world and do not count. A ranker must
// not harm: where its lists reach less than (1 - tolerance) of the ndcg@10 of the same candidates in the order of their
// retrieval, the generation does not serve, whatever serves now. Holds else where there is nothing serving or nothing
// was measured: a generation is better than none. Why the ranker of a run does harm; nothing where it does not, or was
// not measured.
std::optional<std::string> find_harm(const GenerationInfo& info, double tolerance);

GateDecision check_gate(const GenerationInfo& candidate, const std::optional<GenerationInfo>& serving,
                        double tolerance);

}  // namespace tamis::engine
