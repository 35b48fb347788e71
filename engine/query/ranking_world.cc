#include "engine/query/ranking_world.h"

#include <algorithm>

#include "common/feature_time.h"

namespace tamis::engine {

RankingWorld::RankingWorld(const RankingInput& input) : input_(input), state_(input.context.state) {
  const UserState& user = input.context.user;
  const Generation& generation = *state_.generation;
  const std::size_t skipped = user.events.size() - std::min(user.events.size(), kMaxRankedHistory);
  for (const HistoryItem& event : std::span(user.events).subspan(skipped))
    events_.push_back({event.item, generation.row_of(EntityKind::kItem, event.item), event.weight, event.timestamp_ms});
  std::vector<DenseId> items;
  for (const MergedCandidates::Entry& entry : input.candidates.entries) items.push_back(entry.item);
  const TimestampMs clock_ms = state_.item_statistics->data_clock_ms(input.context.now_ms);
  const auto counts = state_.item_statistics->counts(items, clock_ms);
  for (std::size_t i = 0; i < items.size(); ++i) {
    EntityTable::Revision revision = 0;
    entities_.push_back(state_.items->get(items[i], input.context.now_ms, &revision));
    revisions_.push_back(revision);
    const Features* features = entities_.back() == nullptr ? nullptr : &entities_.back()->features;
    candidates_.push_back({.key = items[i],
                           .row = generation.row_of(EntityKind::kItem, items[i]),
                           .features = features,
                           .popularity = counts[i].popularity,
                           .trend = counts[i].trend,
                           .listed_ms = listed_ms(features)});
  }
  for (const auto& encoder : generation.encoders) models_.encoders.push_back(encoder.get());
  for (const auto& model : generation.history_models) models_.history_models.push_back(model.get());
  if (generation.item_neighbors) models_.item_neighbors = &*generation.item_neighbors;
  if (generation.interactions_by_item.rows == generation.vocabulary("user_knn").items.size() &&
      !generation.user_norms.empty()) {
    models_.interactions = &generation.interactions;
    models_.by_item = &generation.interactions_by_item;
    models_.user_norms = generation.user_norms;
  }
  for (const auto& [member, vocabulary] : generation.inherited_vocabularies)
    models_.vocabularies.emplace(member, vocabulary.get());
  if (user.user != kNoDenseId) user_id_ = state_.store->ids(EntityKind::kUser).name(user.user);
  query_ = {.user_id = user_id_,
            .user_key = user.user,
            .user_row = generation.row_of(EntityKind::kUser, user.user),
            .events = events_,
            .user = user.entity == nullptr ? nullptr : &user.entity->features,
            .context = user.context,
            .now_ms = clock_ms,
            .asked_ms = input.context.now_ms};
}

TimestampMs RankingWorld::listed_ms(const Features* features) const {
  return features == nullptr ? 0 : find_time(*features, state_.options->latest_field).value_or(0);
}

const Features* RankingWorld::history_features(DenseId item) const {
  const auto [entry, is_new] = history_.try_emplace(item);
  if (is_new) entry->second = state_.items->get(item, input_.context.now_ms);
  return entry->second == nullptr ? nullptr : &entry->second->features;
}

}  // namespace tamis::engine
