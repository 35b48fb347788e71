// user_parts(): the user's vector again and again, each time without one part of what it is made from.
#include "engine/user_parts.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "common/cancellation.h"
#include "engine/live/space_index.h"
#include "engine/query/query.h"
#include "engine/query/request_checks.h"
#include "engine/retrieval/eligibility.h"
#include "engine/retrieval/space_search.h"
#include "engine/retrieval/user_vector.h"

namespace tamis::engine {
namespace {

// The newest items are left out in turn; the answer lists those that matter most.
constexpr std::size_t kLeftOutItems = 40;

double cosine_of(std::span<const float> a, std::span<const float> b) {
  double product = 0;
  double squares_a = 0;
  double squares_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    product += double{a[i]} * b[i];
    squares_a += double{a[i]} * a[i];
    squares_b += double{b[i]} * b[i];
  }
  const double norms = std::sqrt(squares_a * squares_b);
  return norms > 0 ? std::clamp(product / norms, -1.0, 1.0) : 0;
}

void leave_out(DenseId item, std::vector<HistoryItem>* events) {
  std::erase_if(*events, [item](const HistoryItem& event) { return event.item == item; });
}

UserState without_history(UserState user) {
  user.items.clear();
  user.events.clear();
  user.negatives.clear();
  user.ratings.clear();
  return user;
}
UserState without_item(UserState user, DenseId item) {
  leave_out(item, &user.items);
  leave_out(item, &user.events);
  leave_out(item, &user.negatives);
  leave_out(item, &user.ratings);
  return user;
}
UserState without_profile(UserState user) {
  user.entity = nullptr;
  return user;
}
UserState without_context(UserState user) {
  user.context = nullptr;
  return user;
}
UserState without_row(UserState user) {
  user.user = kNoDenseId;
  return user;
}

// One request for the account. Externally synchronised.
class PartsAccount {
 public:
  PartsAccount(const ReadState& state, const SpaceIndex& space, const UserPartsRequest& request, UserParts* answer)
      : state_(state), space_(space), request_(request), answer_(*answer) {}

  Status run() {
    const TimestampMs now_ms = state_.options->clock->now_ms();
    TAMIS_ASSIGN_OR_RETURN(const Features context, conform_context(request_.context));
    begin();
    TAMIS_ASSIGN_OR_RETURN(UserState user, load_user_state(state_, request_.user, request_.history, now_ms));
    if (!context.empty()) user.context = &context;
    end("user_state");
    answer_.known_user = user.is_known;
    answer_.item_vectors = space_.items->size();
    answer_.has_stored_vector = !stored_vector(space_.users.get(), space_.space.dim, user.user).empty();
    begin();
    UserVector whole = find_user_vector(state_, space_, user);
    end("embed");
    if (whole.values.empty()) {
      answer_.note = whole.note;
      return Status::ok();
    }
    answer_.has_place = true;
    whole_ = std::move(whole.values);
    begin();
    TAMIS_ASSIGN_OR_RETURN(answer_.nearest, nearest_items(whole_, now_ms));
    end("search");
    const std::size_t actions = user.events.size() + user.negatives.size();
    TAMIS_RETURN_IF_ERROR(add_part("history", actions, without_history(user), now_ms));
    const std::size_t features = user.entity == nullptr ? 0 : user.entity->features.size();
    TAMIS_RETURN_IF_ERROR(add_part("profile", features, without_profile(user), now_ms));
    TAMIS_RETURN_IF_ERROR(add_part("context", context.size(), without_context(user), now_ms));
    TAMIS_RETURN_IF_ERROR(add_part("trained_row", has_row(user) ? 1 : 0, without_row(user), now_ms));
    return add_history(user);
  }

 private:
  using Steady = std::chrono::steady_clock;
  void begin() { begin_ = Steady::now(); }
  void end(std::string_view stage) {
    const std::chrono::duration<double, std::micro> took = Steady::now() - begin_;
    answer_.stages.push_back({std::string(stage), took.count()});
  }

  bool has_row(const UserState& user) const {
    const models::Encoder* encoder = find_encoder(state_, space_);
    if (encoder == nullptr) return answer_.has_stored_vector;
    return user.user != kNoDenseId &&
           state_.generation->vocabulary(encoder->shape().name).row_of(EntityKind::kUser, user.user) != kNoDenseId;
  }

  Result<std::vector<std::string>> nearest_items(std::span<const float> vector, TimestampMs now_ms) const {
    const Eligibility eligibility(*state_.items, *state_.item_attributes, Filter{},
                                  state_.store->ids(EntityKind::kItem).size(), now_ms);
    TAMIS_ASSIGN_OR_RETURN(const std::vector<models::ScoredId> found,
                           search_eligible(*space_.items, vector, request_.k, eligibility,
                                           {.filter = nullptr, .exact = state_.exact_search}));
    std::vector<std::string> ids;
    for (const models::ScoredId& item : found) ids.push_back(state_.store->ids(EntityKind::kItem).name(item.id));
    return ids;
  }

  Status add_part(std::string name, std::uint64_t count, const UserState& rest, TimestampMs now_ms) {
    TAMIS_RETURN_IF_ERROR(check_cancelled());
    UserPart& part = answer_.parts.emplace_back();
    part.part = std::move(name);
    part.count = count;
    if (count == 0) {  // nothing to leave out
      part.nearest = answer_.nearest;
      return Status::ok();
    }
    const UserVector vector = find_user_vector(state_, space_, rest);
    if (vector.values.empty()) {
      part.has_place = false;
      part.change = 1;
      part.replaced = 1;
      return Status::ok();
    }
    part.change = 1 - cosine_of(whole_, vector.values);
    TAMIS_ASSIGN_OR_RETURN(part.nearest, nearest_items(vector.values, now_ms));
    const auto stays = [&](const std::string& item) {
      return std::find(part.nearest.begin(), part.nearest.end(), item) != part.nearest.end();
    };
    const auto kept = std::count_if(answer_.nearest.begin(), answer_.nearest.end(), stays);
    if (!answer_.nearest.empty())
      part.replaced = 1 - static_cast<double>(kept) / static_cast<double>(answer_.nearest.size());
    return Status::ok();
  }

  Status add_history(const UserState& user) {
    for (std::size_t i = 0; i < std::min(user.items.size(), kLeftOutItems); ++i) {
      TAMIS_RETURN_IF_ERROR(check_cancelled());
      const HistoryItem& item = user.items[i];
      const UserVector vector = find_user_vector(state_, space_, without_item(user, item.item));
      const double change = vector.values.empty() ? 1 : 1 - cosine_of(whole_, vector.values);
      answer_.history.push_back(
          {state_.store->ids(EntityKind::kItem).name(item.item), static_cast<double>(item.weight), change});
    }
    std::stable_sort(answer_.history.begin(), answer_.history.end(),
                     [](const HistoryShare& a, const HistoryShare& b) { return a.change > b.change; });
    if (answer_.history.size() > kMaxHistoryShares) answer_.history.resize(kMaxHistoryShares);
    return Status::ok();
  }

  const ReadState& state_;
  const SpaceIndex& space_;
  const UserPartsRequest& request_;
  UserParts& answer_;
  std::vector<float> whole_;
  Steady::time_point begin_;
};

}  // namespace

Result<UserParts> user_parts(const ReadState& state, const UserPartsRequest& request, Sequence sequence) {
  TAMIS_RETURN_IF_ERROR(check_recommend_request(
      state, RecommendRequest{.user = request.user, .history = request.history, .k = request.k}));
  const auto found = state.spaces.find(request.space);
  if (found == state.spaces.end())
    return Status::not_found("space \"" + request.space + "\" does not exist").at_field("space");
  const SpaceIndex& space = *found->second;
  UserParts answer{.user = request.user, .space = request.space, .sequence = sequence};
  answer.dim = space.space.dim;
  answer.encoder = "external";
  if (const models::Encoder* encoder = find_encoder(state, space); encoder != nullptr) {
    answer.encoder = encoder->shape().kind;
    answer.generation = state.generation->info.id;
  }
  TAMIS_RETURN_IF_ERROR(PartsAccount(state, space, request, &answer).run());
  return answer;
}

}  // namespace tamis::engine
