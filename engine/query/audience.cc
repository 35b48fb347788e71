// audience(): the users to tell of an item: those who took what is like it, and have not had it.
#include "engine/audience.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "common/cancellation.h"
#include "engine/query/query.h"
#include "engine/query/request_checks.h"
#include "engine/retrieval/eligibility.h"
#include "engine/retrieval/user_state.h"

namespace tamis::engine {
namespace {

constexpr std::uint32_t kLikeItems = 50;
constexpr std::size_t kInteractionsOfItem = 20'000;  // the newest of each
constexpr double kHalfLifeMs = 90.0 * 86'400'000;    // of what a user did

struct Scored {
  double score = 0;
  double strongest = 0;
  DenseId because = kNoDenseId;
};

Status check_request(const AudienceRequest& request) {
  TAMIS_RETURN_IF_ERROR(validate_external_id(request.item, "item"));
  TAMIS_RETURN_IF_ERROR(validate_filter(request.filter));
  const auto refuse = [](const char* field, const std::string& found, const char* expected) {
    return Status::invalid_argument(std::string(field) + " is " + found + ", expected " + expected).at_field(field);
  };
  if (request.k < 1 || request.k > kMaxAudience) return refuse("k", std::to_string(request.k), "1 to 10000");
  if (request.cap < 1 || request.cap > 1'000) return refuse("cap", std::to_string(request.cap), "1 to 1000");
  if (!(request.cap_days > 0 && request.cap_days <= 3'650))
    return refuse("cap_days", std::to_string(request.cap_days), "above 0, at most 3650");
  return Status::ok();
}

class AudienceFinder {
 public:
  AudienceFinder(const ReadState& state, const AudienceRequest& request, TimestampMs now_ms, AudienceAnswer* answer)
      : state_(state), request_(request), now_ms_(now_ms), answer_(*answer) {}

  Status find(DenseId item, const ScoredAnswer& like) {
    const storage::IdTable& items = state_.store->ids(EntityKind::kItem);
    TAMIS_RETURN_IF_ERROR(find_newest(like));
    for (const ScoredEntity& other : like.items) {
      TAMIS_RETURN_IF_ERROR(check_cancelled());
      if (const auto id = items.find(other.id); id && other.score > 0)
        TAMIS_RETURN_IF_ERROR(add_users_of(*id, other.score));
    }
    std::vector<std::pair<DenseId, Scored>> ranked(scores_.begin(), scores_.end());
    std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
      return a.second.score != b.second.score ? a.second.score > b.second.score : a.first < b.first;
    });
    const Eligibility is_eligible(*state_.users, *state_.user_attributes, request_.filter,
                                  state_.store->ids(EntityKind::kUser).size(), now_ms_);
    for (const auto& [user, scored] : ranked) {
      if (answer_.users.size() == request_.k) break;
      if (!is_eligible(user)) {
        ++answer_.filtered;
        continue;
      }
      TAMIS_RETURN_IF_ERROR(check_cancelled());
      TAMIS_ASSIGN_OR_RETURN(const bool is_out, is_left_out(user, item));
      if (!is_out) add(user, scored);
    }
    return Status::ok();
  }

 private:
  // Ages count from the newest action, so that scores are of the same size whenever the data end.
  Status find_newest(const ScoredAnswer& like) {
    for (const ScoredEntity& other : like.items) {
      const auto id = state_.store->ids(EntityKind::kItem).find(other.id);
      if (!id) continue;
      TAMIS_ASSIGN_OR_RETURN(const std::vector<storage::StoredInteraction> newest,
                             state_.store->item_interactions(*id, 1));
      if (!newest.empty()) newest_ms_ = std::max(newest_ms_, newest.front().timestamp_ms);
    }
    newest_ms_ = std::min(newest_ms_, now_ms_);
    return Status::ok();
  }

  Status add_users_of(DenseId item, double likeness) {
    TAMIS_ASSIGN_OR_RETURN(const std::vector<storage::StoredInteraction> taken,
                           state_.store->item_interactions(item, kInteractionsOfItem));
    std::unordered_map<DenseId, double> of_item;  // each user once, by the newest
    for (const storage::StoredInteraction& interaction : taken) {
      const std::string type = state_.store->interaction_type_name(interaction.type);
      if (!(state_.interaction_types->of(type).signed_weight(interaction.value.value_or(std::nan(""))) > 0)) continue;
      const auto age_ms = static_cast<double>(std::max<TimestampMs>(0, newest_ms_ - interaction.timestamp_ms));
      of_item.try_emplace(interaction.user, likeness * std::exp2(-age_ms / kHalfLifeMs));
    }
    for (const auto& [user, score] : of_item) {
      Scored& known = scores_[user];
      known.score += score;
      if (score > known.strongest || (score == known.strongest && item < known.because)) {
        known.strongest = score;
        known.because = item;
      }
    }
    return Status::ok();
  }

  Result<bool> is_left_out(DenseId user, DenseId item) {
    TAMIS_ASSIGN_OR_RETURN(const std::vector<DenseId> turned_down, find_excluded_items(state_, user, {}));
    if (std::binary_search(turned_down.begin(), turned_down.end(), item)) return ++answer_.turned_down > 0;
    if (request_.exclude_seen) {
      TAMIS_ASSIGN_OR_RETURN(const std::vector<DenseId> seen, find_seen_items(state_, user, {}, request_.seen_types));
      if (std::binary_search(seen.begin(), seen.end(), item)) return ++answer_.seen > 0;
    }
    if (request_.cap_type.empty()) return false;
    TAMIS_ASSIGN_OR_RETURN(const bool has_enough, has_had_enough(user));
    return has_enough && ++answer_.capped > 0;
  }

  Result<bool> has_had_enough(DenseId user) const {
    constexpr std::size_t kPage = 256;
    const auto type = state_.store->find_interaction_type(request_.cap_type);
    if (!type) return false;
    const TimestampMs since_ms = now_ms_ - static_cast<TimestampMs>(request_.cap_days * 86'400'000);
    std::uint32_t count = 0;
    std::optional<storage::Store::InteractionCursor> before;
    while (true) {
      TAMIS_ASSIGN_OR_RETURN(const std::vector<storage::StoredInteraction> page,
                             state_.store->user_interactions(user, kPage, before));
      for (const storage::StoredInteraction& interaction : page) {
        if (interaction.timestamp_ms < since_ms) return false;
        if (interaction.type == *type && interaction.timestamp_ms <= now_ms_ && ++count >= request_.cap) return true;
      }
      if (page.size() < kPage) return false;
      before = storage::Store::InteractionCursor{page.back().timestamp_ms, page.back().sequence};
    }
  }

  void add(DenseId user, const Scored& scored) {
    AudienceMember& member = answer_.users.emplace_back();
    member.user = state_.store->ids(EntityKind::kUser).name(user);
    member.rank = static_cast<std::uint32_t>(answer_.users.size());
    member.score = scored.score;
    member.because = state_.store->ids(EntityKind::kItem).name(scored.because);
    if (!request_.with_features) return;
    const auto entity = state_.users->get(user, now_ms_);
    member.features = entity == nullptr ? Features{} : entity->features;
  }

  const ReadState& state_;
  const AudienceRequest& request_;
  TimestampMs now_ms_;
  TimestampMs newest_ms_ = 0;
  AudienceAnswer& answer_;
  std::unordered_map<DenseId, Scored> scores_;
};

}  // namespace

Result<AudienceAnswer> audience(const ReadState& state, const AudienceRequest& request, Sequence sequence) {
  TAMIS_RETURN_IF_ERROR(check_request(request));
  const Result<ScoredAnswer> like = similar(
      state, {.kind = EntityKind::kItem, .id = request.item, .k = kLikeItems, .space = request.space}, sequence);
  if (!like.is_ok()) return like.status();
  AudienceAnswer answer;
  answer.generation = like->generation;
  answer.sequence = sequence;
  answer.space = like->space;
  const DenseId item = *state.store->ids(EntityKind::kItem).find(request.item);
  TAMIS_RETURN_IF_ERROR(AudienceFinder(state, request, state.options->clock->now_ms(), &answer).find(item, *like));
  return answer;
}

}  // namespace tamis::engine
