// The queries of Database, as functions over a pinned ReadState. Thread-safe; they write nothing.
#pragma once

#include "common/status.h"
#include "engine/audience.h"
#include "engine/compare.h"
#include "engine/live/read_state.h"
#include "engine/observer.h"
#include "engine/pages.h"
#include "engine/ranker_account.h"
#include "engine/requests.h"
#include "engine/user_parts.h"
#include "engine/why_not.h"

namespace tamis::engine {

// `sequence` is that of the last visible write when the state was pinned; it goes into the answer. `observer` may be
// null. An answer of fewer than `least_logged` items is not logged as served.
Result<RecommendAnswer> recommend(const ReadState& state, const RecommendRequest& request, Sequence sequence,
                                  Observer* observer, std::uint32_t least_logged = 0);
// Each row is a recommend() of its own. Faults name "rows[i].<member>".
Result<PagesAnswer> pages(const ReadState& state, const PagesRequest& request, Sequence sequence, Observer* observer);
Result<AudienceAnswer> audience(const ReadState& state, const AudienceRequest& request, Sequence sequence);
// Where `item` falls out of what recommend() would answer; `request.recommendation_id` gives chance its seed.
Result<WhyNotAnswer> why_not(const ReadState& state, const RecommendRequest& request, std::string_view item,
                             Sequence sequence);
// What the ranker's score of one candidate hangs on. failed_precondition without a ranker, and for an item that is no
// candidate of the list.
Result<RankerAccount> ranker_account(const ReadState& state, const RankerAccountRequest& asked, Sequence sequence);
// What a user's vector in a space comes from. not_found (space); a stranger is no error.
Result<UserParts> user_parts(const ReadState& state, const UserPartsRequest& request, Sequence sequence);
Result<ScoredAnswer> similar(const ReadState& state, const SimilarRequest& request, Sequence sequence);
Result<CompareAnswer> compare(const ReadState& state, const CompareRequest& request, Sequence sequence);
Result<BoughtTogetherAnswer> bought_together(const ReadState& state, const BoughtTogetherRequest& request,
                                             Sequence sequence);
Result<ScoredAnswer> search(const ReadState& state, const SearchRequest& request, Sequence sequence);

}  // namespace tamis::engine
