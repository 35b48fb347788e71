#include "engine/online/asked_users.h"

#include <algorithm>

#include "common/record_checks.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kMaxKept = 50'000;  // vectors

}  // namespace

AskedUsers::AskedUsers(const ReadState& state, const models::Encoder& encoder)
    : state_(state), generation_(*state.generation), encoder_(encoder) {}

double AskedUsers::weight(const storage::StoredInteraction& interaction) const {
  if (!is_sound_interaction(interaction.value, interaction.timestamp_ms)) return 0;
  return interaction_weight(*state_.options, state_.store->interaction_type_name(interaction.type),
                            interaction.value.value_or(1));
}

Result<std::span<const float>> AskedUsers::find(const storage::StoredInteraction& interaction) {
  const std::size_t dim = encoder_.shape().dim;
  const std::uint32_t row = generation_.row_of(EntityKind::kUser, interaction.user);
  if (interaction.sequence <= generation_.info.sequence && row != kNoDenseId && !encoder_.user_vectors().empty())
    return encoder_.user_vectors().subspan(std::size_t{row} * dim, dim);
  const auto known = folded_in_.find(interaction.sequence);
  if (known != folded_in_.end()) return std::span<const float>(known->second);
  TAMIS_ASSIGN_OR_RETURN(std::vector<float> vector, fold_in(interaction));
  if (folded_in_.size() >= kMaxKept) folded_in_.clear();
  return std::span<const float>(folded_in_[interaction.sequence] = std::move(vector));
}

Result<std::vector<float>> AskedUsers::fold_in(const storage::StoredInteraction& interaction) const {
  // Pages continue after a row: this one begins with the interaction itself.
  const storage::Store::InteractionCursor up_to{.timestamp_ms = interaction.timestamp_ms,
                                                .sequence = interaction.sequence + 1};
  TAMIS_ASSIGN_OR_RETURN(const std::vector<storage::StoredInteraction> history,
                         state_.store->user_interactions(interaction.user, state_.options->max_history, up_to));
  std::vector<models::HistoryEvent> events;
  for (auto event = history.rbegin(); event != history.rend(); ++event) {
    const std::uint32_t row = generation_.row_of(EntityKind::kItem, event->item);
    const double worth = weight(*event);
    if (event->sequence > interaction.sequence || row == kNoDenseId || !(worth > 0)) continue;
    models::HistoryEvent& known = events.emplace_back();
    known.item = row;
    known.weight = static_cast<float>(worth);
    known.timestamp_ms = event->timestamp_ms;
  }
  models::UserInput input;
  input.history = events;
  std::vector<float> vector(encoder_.shape().dim);
  if (!encoder_.embed_user(input, vector).is_ok()) vector.clear();
  return vector;
}

}  // namespace tamis::engine
