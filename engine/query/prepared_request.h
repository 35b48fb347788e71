// PreparedRequest: whom a request is about and which items may answer it, found once before candidates are.
#pragma once

#include <optional>

#include "engine/query/funnel_run.h"
#include "engine/query/stage_clock.h"
#include "engine/requests.h"
#include "engine/retrieval/eligibility.h"
#include "engine/retrieval/retriever.h"
#include "engine/retrieval/user_state.h"

namespace tamis::engine {

// Lives on the stack of one query; it points into itself, so it stays where it was made.
class PreparedRequest {
 public:
  // REQUIRES: all outlive this.
  PreparedRequest(const ReadState& state, const RecommendRequest& request, const FunnelConfig& funnel);
  PreparedRequest(const PreparedRequest&) = delete;
  PreparedRequest& operator=(const PreparedRequest&) = delete;

  // REQUIRES: check_recommend_request() was ok. not_found (field "item") for an unknown item to be similar to.
  Status prepare(StageClock* clock);

  const UserState& person() const { return person_; }
  TimestampMs now_ms() const { return now_ms_; }
  const Eligibility& is_eligible() const { return *eligibility_; }
  // What retrievers go by: the person, or for an item-to-item list that item as all that a person has taken.
  RetrievalContext context() const;
  RunOptions run_options(std::string_view recommendation_id) const;
  // The items that the pages before this one have served.
  const std::vector<DenseId>& served_before() const { return served_before_; }
  // The items that count as seen; empty where seen items may come.
  const std::vector<DenseId>& seen() const { return seen_; }
  // What the user disliked or hid, ascending.
  const std::vector<DenseId>& turned_down() const { return turned_down_; }

 private:
  Status prepare_anchor();
  Status exclude();

  const ReadState& state_;
  const RecommendRequest& request_;
  const FunnelConfig& funnel_;
  TimestampMs now_ms_;
  Features request_context_;
  UserState person_;
  std::optional<UserState> anchor_;
  std::optional<Eligibility> eligibility_;
  std::vector<DenseId> served_before_;
  std::vector<DenseId> seen_;
  std::vector<DenseId> turned_down_;
};

}  // namespace tamis::engine
