// why_not(): the funnel's run again, and one item's way through it.
#include "engine/why_not.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/cancellation.h"
#include "engine/experiments/take_part.h"
#include "engine/query/choose_funnel.h"
#include "engine/query/explain.h"
#include "engine/query/failed_conditions.h"
#include "engine/query/funnel_run.h"
#include "engine/query/prepared_request.h"
#include "engine/query/query.h"
#include "engine/query/request_checks.h"
#include "engine/query/retrieve.h"
#include "engine/retrieval/merge.h"

namespace tamis {

std::string_view why_not_name(WhyNot verdict) {
  constexpr std::array<std::string_view, 13> kNames = {
      "recommended", "unknown_item",  "deleted",    "expired",         "hidden",        "excluded", "seen",
      "filtered",    "not_retrieved", "ranked_low", "removed_by_rule", "moved_by_rule", "disliked"};
  return kNames[static_cast<std::size_t>(verdict)];
}

}  // namespace tamis

namespace tamis::engine {
namespace {

constexpr std::string_view kMetricsName = "why_not";

std::string ordinal(std::uint32_t rank) { return "rank " + std::to_string(rank); }

// The rank of `item` in a list of things that hold an item each, from 1; 0 where it is not there.
template <typename List, typename ItemOf>
std::uint32_t rank_in(const List& list, DenseId item, const ItemOf& item_of) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& entry) { return item_of(entry) == item; });
  return found == list.end() ? 0 : static_cast<std::uint32_t>(found - list.begin() + 1);
}
std::uint32_t rank_in(const ranker::CandidateList& list, DenseId item) {
  return rank_in(list, item, [](const ranker::Candidate& entry) { return entry.item; });
}

class Inquiry {
 public:
  Inquiry(const ReadState& state, const RecommendRequest& request, const FunnelConfig& funnel, WhyNotAnswer* answer)
      : state_(state), request_(request), funnel_(funnel), prepared_(state, request, funnel), answer_(*answer) {}

  Status run() {
    StageClock clock(kMetricsName, nullptr, nullptr);
    TAMIS_RETURN_IF_ERROR(prepared_.prepare(&clock));
    const auto item = state_.store->ids(EntityKind::kItem).find(answer_.item);
    if (!item) {
      tell(WhyNot::kUnknownItem, "the database has never heard of the item");
      return Status::ok();
    }
    item_ = *item;
    if (find_exclusion()) return Status::ok();
    const RetrievalContext context = prepared_.context();
    TAMIS_ASSIGN_OR_RETURN(std::vector<CandidateList> lists, retrieve(context, funnel_, &clock));
    TAMIS_RETURN_IF_ERROR(place_exactly(lists));
    const auto merged = merge_candidates(lists, funnel_.merge, state_.store->ids(EntityKind::kItem).size());
    answer_.merged_rank = rank_in(merged, item_, [](const RankedItem& entry) { return entry.item; });
    RunOptions options = prepared_.run_options(request_.recommendation_id);
    options.keep_steps = true;
    TAMIS_ASSIGN_OR_RETURN(const FunnelRun run, run_funnel(context, funnel_, std::move(lists), options, &clock));
    follow(context, run);
    return Status::ok();
  }

 private:
  // True, so that who asks whether something is the verdict answers with it.
  bool tell(WhyNot verdict, std::string reason) {
    answer_.verdict = verdict;
    answer_.reason = std::move(reason);
    return true;
  }

  // What keeps an item from being served whatever its scores. True where something does.
  bool find_exclusion() {
    if (!state_.items->contains(item_)) return tell(WhyNot::kDeleted, "the item was deleted");
    if (!state_.items->is_live(item_, prepared_.now_ms())) return tell(WhyNot::kExpired, "the item is past its TTL");
    if (!state_.items->is_shown(item_, prepared_.now_ms())) return tell(WhyNot::kHidden, "the item is hidden");
    if (request_.similar_to == answer_.item) return tell(WhyNot::kExcluded, "the list is about the item itself");
    if (std::find(request_.exclude.begin(), request_.exclude.end(), answer_.item) != request_.exclude.end())
      return tell(WhyNot::kExcluded, "the request excludes the item");
    const auto& served = prepared_.served_before();
    if (std::binary_search(served.begin(), served.end(), item_))
      return tell(WhyNot::kExcluded, "an earlier page of the list has served the item");
    const auto& turned_down = prepared_.turned_down();
    if (std::binary_search(turned_down.begin(), turned_down.end(), item_))
      return tell(WhyNot::kDisliked, "the user disliked or hid the item");
    const auto& seen = prepared_.seen();
    if (std::find(seen.begin(), seen.end(), item_) != seen.end())
      return tell(WhyNot::kSeen, "the user has interacted with the item (exclude_seen)");
    const auto entity = state_.items->get(item_, prepared_.now_ms());
    if (entity == nullptr) return tell(WhyNot::kDeleted, "the item was deleted");  // just now
    const Features& features = entity->features;
    for (const auto& [whose, filter] :
         {std::pair("funnel's", &funnel_.filter), std::pair("request's", &request_.filter)}) {
      for (const Filter& failed : failed_conditions(*filter, answer_.item, features)) {
        answer_.failed_conditions.push_back(filter_to_json(failed));
        if (answer_.failed_conditions.size() == 1)
          tell(WhyNot::kFiltered,
               std::string("the ") + whose + " filter: " + answer_.failed_conditions.front() + " does not hold");
      }
    }
    return !answer_.failed_conditions.empty();
  }

  // Every retriever again, exactly and to the end of its list.
  Status place_exactly(const std::vector<CandidateList>& lists) {
    ReadState exact = state_;
    exact.exact_search = true;
    const RetrievalContext given = prepared_.context();
    const RetrievalContext context{exact, given.user, given.is_eligible, given.now_ms};
    for (std::size_t i = 0; i < funnel_.retrievers.size(); ++i) {
      TAMIS_RETURN_IF_ERROR(check_cancelled());
      RetrieverConfig whole = funnel_.retrievers[i];
      whole.quota = static_cast<std::uint32_t>(state_.store->ids(EntityKind::kItem).size());
      CandidateList list;
      TAMIS_RETURN_IF_ERROR(find_retriever(whole.kind)->retrieve(context, whole, &list));
      const auto by_id = [](const models::ScoredId& entry) { return entry.id; };
      RetrieverPlace& place = answer_.retrievers.emplace_back();
      place.retriever = lists[i].label;
      place.quota = funnel_.retrievers[i].quota;
      place.is_retrieved = rank_in(lists[i].candidates, item_, by_id) > 0;
      place.rank = rank_in(list.candidates, item_, by_id);
      if (place.rank > 0) place.score = list.candidates[place.rank - 1].score;
      place.note = list.note;
    }
    return Status::ok();
  }

  void follow(const RetrievalContext& context, const FunnelRun& run) {
    answer_.ranked_rank = rank_in(run.before_rules, item_);
    answer_.rules = Explainer(context, funnel_, run).rule_effects(item_);
    const ranker::CandidateList& last = run.rules.empty() ? run.before_rules : run.rules.back().after;
    answer_.final_rank = rank_in(last, item_);
    const std::uint32_t served = rank_in(run.answer, item_, [](const RankedItem& entry) { return entry.item; });
    if (served > 0) {
      answer_.final_rank = served;
      tell(WhyNot::kRecommended, "it is recommended at " + ordinal(served));
    } else if (answer_.merged_rank == 0 && answer_.final_rank == 0) {
      tell(WhyNot::kNotRetrieved, not_retrieved_reason());
    } else if (answer_.ranked_rank == 0 && answer_.final_rank == 0) {
      tell(WhyNot::kRankedLow, ordinal(answer_.merged_rank) + " of the merged candidates, of which " +
                                   std::to_string(run.merged.entries.size()) + " go on");
    } else if (!blame_rule()) {
      tell(WhyNot::kRankedLow,
           ordinal(answer_.final_rank) + " by score, behind the " + std::to_string(request_.k) + " slots");
    }
  }

  std::string not_retrieved_reason() const {
    const RetrieverPlace* best = nullptr;
    for (const RetrieverPlace& place : answer_.retrievers) {
      if (place.rank > 0 && (best == nullptr || place.rank < best->rank)) best = &place;
    }
    if (best == nullptr) return "no retriever scores the item for this user";
    return "the best that a retriever has it at is " + ordinal(best->rank) + " of " + best->retriever +
           ", whose quota is " + std::to_string(best->quota);
  }

  // The rule that took it out of the list, or else the last that took it out of the slots.
  bool blame_rule() {
    for (const RuleEffect& effect : answer_.rules) {
      if (effect.rank_after != 0) continue;
      answer_.rule = effect.rule;
      return tell(WhyNot::kRemoved,
                  "the rule \"" + effect.rule + "\" took it out, from " + ordinal(effect.rank_before));
    }
    for (auto effect = answer_.rules.rbegin(); effect != answer_.rules.rend(); ++effect) {
      const bool was_in = effect->rank_before != 0 && effect->rank_before <= request_.k;
      if (!was_in || effect->rank_after <= request_.k) continue;
      answer_.rule = effect->rule;
      return tell(WhyNot::kMoved, "the rule \"" + effect->rule + "\" moved it from " + ordinal(effect->rank_before) +
                                      " to " + ordinal(effect->rank_after));
    }
    return false;
  }

  const ReadState& state_;
  const RecommendRequest& request_;
  const FunnelConfig& funnel_;
  PreparedRequest prepared_;
  WhyNotAnswer& answer_;
  DenseId item_ = kNoDenseId;
};

}  // namespace

Result<WhyNotAnswer> why_not(const ReadState& state, const RecommendRequest& request, std::string_view item,
                             Sequence sequence) {
  TAMIS_RETURN_IF_ERROR(check_recommend_request(state, request));
  TAMIS_RETURN_IF_ERROR(validate_external_id(item, "item"));
  if (request.as_of_sequence || !request.generation.empty())
    return Status::invalid_argument("why-not tells of the list as it is now; expected no past sequence and generation")
        .at_field(request.as_of_sequence ? "as_of_sequence" : "generation");
  TAMIS_ASSIGN_OR_RETURN(std::shared_ptr<const FunnelConfig> funnel, choose_funnel(state, request));
  take_part(state, request, &funnel);
  funnel = switch_rotation(std::move(funnel), request);
  WhyNotAnswer answer;
  answer.user = request.user;
  answer.item = item;
  answer.funnel = funnel->name;
  answer.funnel_version = funnel->version;
  answer.generation = state.generation == nullptr ? "" : state.generation->info.id;
  answer.sequence = sequence;
  answer.k = request.k;
  TAMIS_RETURN_IF_ERROR(Inquiry(state, request, *funnel, &answer).run());
  return answer;
}

}  // namespace tamis::engine
