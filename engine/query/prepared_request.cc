#include "engine/query/prepared_request.h"

#include "engine/query/page_cursor.h"
#include "engine/query/recommendation_id.h"
#include "engine/query/request_checks.h"

namespace tamis::engine {
namespace {

Filter conjunction(const Filter& a, const Filter& b) {
  if (a.is_trivial()) return b;
  if (b.is_trivial()) return a;
  return Filter{.op = Filter::Op::kAll, .children = {a, b}, .field = {}, .values = {}};
}

}  // namespace

PreparedRequest::PreparedRequest(const ReadState& state, const RecommendRequest& request, const FunnelConfig& funnel)
    : state_(state),
      request_(request),
      funnel_(funnel),
      now_ms_(request.as_of_ms.value_or(state.options->clock->now_ms())) {}

Status PreparedRequest::prepare(StageClock* clock) {
  TAMIS_ASSIGN_OR_RETURN(request_context_, conform_context(request_.context));
  TAMIS_ASSIGN_OR_RETURN(person_, load_user_state(state_, request_.user, request_.history, now_ms_));
  if (!request_context_.empty()) person_.context = &request_context_;
  if (!request_.similar_to.empty()) TAMIS_RETURN_IF_ERROR(prepare_anchor());
  clock->end_stage("user_state", person_.items.size());

  eligibility_.emplace(*state_.items, *state_.item_attributes, conjunction(funnel_.filter, request_.filter),
                       state_.store->ids(EntityKind::kItem).size(), now_ms_);
  TAMIS_RETURN_IF_ERROR(exclude());
  const std::string note =
      turned_down_.empty() ? "" : std::to_string(turned_down_.size()) + " disliked or hidden items are left out";
  clock->end_stage("filter", eligibility_->upper_bound(), note);
  return Status::ok();
}

Status PreparedRequest::prepare_anchor() {
  const auto item = state_.store->ids(EntityKind::kItem).find(request_.similar_to);
  if (!item || !state_.items->is_live(*item, now_ms_))
    return Status::not_found("item \"" + request_.similar_to + "\" does not exist").at_field("item");
  anchor_.emplace();
  anchor_->items = {{.item = *item, .weight = 1, .timestamp_ms = now_ms_}};
  anchor_->events = anchor_->items;
  anchor_->is_known = true;
  anchor_->context = person_.context;
  return Status::ok();
}

Status PreparedRequest::exclude() {
  if (request_.exclude_seen.value_or(funnel_.exclude_seen)) {
    TAMIS_ASSIGN_OR_RETURN(seen_, find_seen_items(state_, person_.user, request_.history, funnel_.seen_types));
    for (const DenseId item : seen_) eligibility_->exclude(item);
  }
  TAMIS_ASSIGN_OR_RETURN(turned_down_, find_excluded_items(state_, person_.user, request_.history));
  for (const DenseId item : turned_down_) eligibility_->exclude(item);
  for (const std::string& id : request_.exclude) {
    if (const auto item = state_.store->ids(EntityKind::kItem).find(id)) eligibility_->exclude(*item);
  }
  if (anchor_) eligibility_->exclude(anchor_->items.front().item);
  TAMIS_ASSIGN_OR_RETURN(served_before_, decode_page_cursor(request_.cursor));
  for (const DenseId item : served_before_) eligibility_->exclude(item);
  return Status::ok();
}

RetrievalContext PreparedRequest::context() const {
  return {.state = state_, .user = anchor_ ? *anchor_ : person_, .is_eligible = *eligibility_, .now_ms = now_ms_};
}

RunOptions PreparedRequest::run_options(std::string_view recommendation_id) const {
  return {.k = request_.k,
          .person = &person_,
          .history = request_.history,
          .seed = seed_of(recommendation_id),
          .keep_steps = request_.explain};
}

}  // namespace tamis::engine
