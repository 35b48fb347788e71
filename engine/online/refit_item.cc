#include "engine/online/refit_item.h"

#include <algorithm>
#include <cmath>

#include "common/record_checks.h"
#include "engine/interactions/weigh_events.h"
#include "engine/serving/trained_vector.h"

namespace tamis::engine {
namespace {

// What the interactions come to for Encoder::refit_item().
struct Evidence {
  std::vector<float> users;
  std::vector<float> weights;
  bool is_news = false;  // some came after the generation learned
};

Result<Evidence> gather(const ReadState& state, Sequence trained_sequence, DenseId item, AskedUsers* users) {
  TAMIS_ASSIGN_OR_RETURN(const std::vector<storage::StoredInteraction> interactions,
                         state.store->item_interactions(item, state.options->online.max_interactions));
  // Of one item, the events of each user are weighed by themselves: here the user stands for the item.
  std::vector<MeantEvent> events;
  std::vector<const storage::StoredInteraction*> sound;
  for (auto row = interactions.rbegin(); row != interactions.rend(); ++row) {
    if (!is_sound_interaction(row->value, row->timestamp_ms)) continue;
    sound.push_back(&*row);
    events.push_back({row->user, &users->rules().of(row->type), row->value.value_or(kNoValue), row->timestamp_ms});
  }
  const std::vector<EventWeight> weights = weigh_events(events);
  Evidence evidence;
  for (std::size_t i = sound.size(); i > 0; --i) {  // newest first
    const storage::StoredInteraction& interaction = *sound[i - 1];
    const double weight = weights[i - 1].weight;
    if (!(weight > 0)) continue;
    TAMIS_ASSIGN_OR_RETURN(const std::span<const float> user, users->find(interaction));
    if (std::all_of(user.begin(), user.end(), [](float value) { return value == 0; })) continue;
    evidence.users.insert(evidence.users.end(), user.begin(), user.end());
    evidence.weights.push_back(static_cast<float>(weight));
    evidence.is_news = evidence.is_news || interaction.sequence > trained_sequence;
  }
  return evidence;
}

float length(std::span<const float> vector) {
  double squares = 0;
  for (const float value : vector) squares += double{value} * value;
  return static_cast<float>(std::sqrt(squares));
}

}  // namespace

Result<std::vector<float>> refit_item(const ReadState& state, const models::Encoder& encoder, DenseId item,
                                      AskedUsers* users) {
  const OnlineOptions& options = state.options->online;
  std::vector<float> trained(encoder.shape().dim);
  const bool is_trained = find_trained_vector(*state.generation, encoder, EntityKind::kItem, item, nullptr, trained);
  if (!is_trained) trained.clear();
  TAMIS_ASSIGN_OR_RETURN(const Evidence evidence,
                         gather(state, state.generation->sequence_of(encoder.shape().name), item, users));
  if (!evidence.is_news || (!is_trained && evidence.weights.size() < options.min_interactions)) return trained;
  std::vector<float> refitted(encoder.shape().dim);
  if (!encoder.refit_item(evidence.users, evidence.weights, refitted).is_ok()) return trained;
  if (!is_trained) return refitted;
  for (std::size_t d = 0; d < refitted.size(); ++d)
    refitted[d] = static_cast<float>(options.learning_rate * (double{refitted[d]} - trained[d]));
  const float drift = length(refitted);
  const float most = static_cast<float>(options.max_drift) * length(trained);
  const float scale = drift > most ? most / drift : 1;
  for (std::size_t d = 0; d < refitted.size(); ++d) refitted[d] = trained[d] + scale * refitted[d];
  return refitted;
}

}  // namespace tamis::engine
