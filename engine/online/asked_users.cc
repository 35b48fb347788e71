#include "engine/online/asked_users.h"

#include <algorithm>
#include <cmath>

#include "common/record_checks.h"
#include "engine/interactions/stored_types.h"
#include "engine/interactions/weigh_events.h"
#include "engine/serving/trained_vector.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kMaxKept = 50'000;  // vectors

}  // namespace

AskedUsers::AskedUsers(const ReadState& state, const models::Encoder& encoder)
    : state_(state),
      vocabulary_(state.generation->vocabulary(encoder.shape().name)),
      trained_sequence_(state.generation->sequence_of(encoder.shape().name)),
      encoder_(encoder),
      rules_(make_type_rules(*state.store, state.interaction_types)) {}

Result<std::span<const float>> AskedUsers::find(const storage::StoredInteraction& interaction) {
  const std::size_t dim = encoder_.shape().dim;
  const std::uint32_t row = vocabulary_.row_of(EntityKind::kUser, interaction.user);
  if (interaction.sequence <= trained_sequence_ && row != kNoDenseId && !encoder_.user_vectors().empty())
    return encoder_.user_vectors().subspan(std::size_t{row} * dim, dim);
  const auto known = folded_in_.find(interaction.sequence);
  if (known != folded_in_.end()) return std::span<const float>(known->second);
  TAMIS_ASSIGN_OR_RETURN(std::vector<float> vector, fold_in(interaction));
  if (folded_in_.size() >= kMaxKept) folded_in_.clear();
  return std::span<const float>(folded_in_[interaction.sequence] = std::move(vector));
}

Result<std::vector<float>> AskedUsers::fold_in(const storage::StoredInteraction& interaction) {
  // Pages continue after a row: this one begins with the interaction itself.
  const storage::Store::InteractionCursor up_to{.timestamp_ms = interaction.timestamp_ms,
                                                .sequence = interaction.sequence + 1};
  TAMIS_ASSIGN_OR_RETURN(const std::vector<storage::StoredInteraction> history,
                         state_.store->user_interactions(interaction.user, state_.options->max_history, up_to));
  std::vector<MeantEvent> past;
  for (auto event = history.rbegin(); event != history.rend(); ++event) {
    if (event->sequence > interaction.sequence || !is_sound_interaction(event->value, event->timestamp_ms)) continue;
    past.push_back({event->item, &rules_.of(event->type), event->value.value_or(kNoValue), event->timestamp_ms});
  }
  const std::vector<EventWeight> weights = weigh_events(past, &state_.generation->rating_scales);
  std::vector<models::HistoryEvent> events;
  std::vector<models::HistoryEvent> negatives;
  std::vector<models::HistoryEvent> ratings;
  for (std::size_t i = 0; i < past.size(); ++i) {
    const std::uint32_t row = vocabulary_.row_of(EntityKind::kItem, past[i].item);
    if (row == kNoDenseId || !weights[i].counts) continue;
    models::HistoryEvent known;
    known.item = row;
    known.weight = static_cast<float>(std::abs(weights[i].weight));
    known.timestamp_ms = past[i].timestamp_ms;
    if (past[i].rule->type->value == InteractionValue::kRating) known.rating = static_cast<float>(past[i].value);
    if (weights[i].weight > 0) events.push_back(known);
    if (weights[i].weight < 0) negatives.push_back(known);
    if (!std::isnan(known.rating)) ratings.push_back(known);
  }
  models::UserInput input;
  input.history = events;
  input.negatives = negatives;
  input.ratings = ratings;
  std::vector<float> vector(encoder_.shape().dim);
  if (!place_user(encoder_, input, vector).is_ok()) vector.clear();
  return vector;
}

}  // namespace tamis::engine
