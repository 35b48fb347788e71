// CandidatePolicy: a funnel as the probabilities with which it fills the slots of a list.
#pragma once

#include <memory>
#include <vector>

#include "common/status.h"
#include "engine/funnel.h"
#include "engine/live/read_state.h"
#include "ranker/rules/explore.h"
#include "storage/impression.h"

namespace tamis::engine {

class CandidatePolicy {
 public:
  // failed_precondition for a funnel that moves items after it has drawn them.
  static Result<CandidatePolicy> create(const ReadState& state, std::shared_ptr<const FunnelConfig> funnel);

  // What the funnel could have put into each slot of the list, had it put into the slots before what stands there: for
  // the list's user with the history that the list reflected, at the list's time. A slot that it would have left empty
  // has no choices.
  using Choices = std::vector<std::vector<ranker::ExploreRule::Choice>>;
  Result<Choices> choices(const storage::Impression& list) const;

 private:
  CandidatePolicy(const ReadState& state, std::shared_ptr<const FunnelConfig> funnel)
      : state_(state), funnel_(std::move(funnel)) {}

  const ReadState& state_;
  std::shared_ptr<const FunnelConfig> funnel_;
};

}  // namespace tamis::engine
