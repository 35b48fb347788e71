// GraphFilter: recommendations by propagation over the graph of users and items, in closed form and without training.
//
// A signal on the user's items goes to the users who share them, and from these to their items, each hop normalised by
// the degree of the node with an exponent of its own (LinkProp: Fu et al. 2022, doi:10.1145/3488560.3498524; a linear
// low-pass filter in the sense of GF-CF: Shen et al. 2021, doi:10.1145/3459637.3482264). Between the hops a power above
// 1 sharpens it, so that users who share much count more than many who share little ("locality", Aiolli 2013):
//   strength(v) = sum over items i of the history that v met of weight_i * degree(i)^-history_exponent
//   score(j)    = degree(j)^-item_exponent * sum over users v who met j of degree(v)^-user_exponent *
//   strength(v)^locality
//
// It needs no vector of the user: any history is answered, a stranger's included, and a new interaction counts at once.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "common/status.h"
#include "models/interaction_matrix.h"
#include "models/scored_id.h"

namespace tamis::models {

struct GraphFilterOptions {
  double history_exponent = 0.6;  // 0..2; more lets rare items of the history say more
  double user_exponent = 0.8;     // 0..2; more lets users of few items say more
  double item_exponent = 0.15;    // -1..2; less favours popular items
  double locality = 1.75;         // 0.5..4; 1 is the linear filter
  std::uint32_t max_users = 0;    // only this many of the strongest users pass the signal on; bounds the time; 0: all
};

// invalid_argument where an option is out of its range; the message and field name it.
Status validate(const GraphFilterOptions& options);

// Thread-safe after construction. Memory: the interactions and their transpose. REQUIRES: validate(options) is ok.
class GraphFilter {
 public:
  // `interactions` is [users, items]; its weights are not looked at.
  GraphFilter(InteractionMatrix interactions, const GraphFilterOptions& options);

  // The best k items for a history (distinct, < items) with weights (> 0, one each, or none: all 1), best first; items
  // of the history may be among them, those that `accepts` refuses not (empty: all may). O(edges of the history's items
  // + edges of the users they lead to).
  std::vector<ScoredId> recommend(std::span<const std::uint32_t> history, std::span<const float> weights, std::size_t k,
                                  const std::function<bool(std::uint32_t)>& accepts = {}) const;

  const InteractionMatrix& interactions() const { return by_user_; }
  const GraphFilterOptions& options() const { return options_; }

 private:
  GraphFilterOptions options_;
  InteractionMatrix by_user_;
  InteractionMatrix by_item_;
  std::vector<float> history_scale_;  // [items], degree^-history_exponent
  std::vector<float> user_scale_;     // [users]
  std::vector<float> item_scale_;     // [items]
};

}  // namespace tamis::models
