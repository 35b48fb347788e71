#include "engine/query/scored_answer.h"

namespace tamis::engine {

ScoredAnswer make_scored_answer(const ReadState& state, EntityKind kind, std::string space,
                                std::span<const models::ScoredId> entities, bool with_features, TimestampMs now_ms,
                                Sequence sequence) {
  ScoredAnswer answer;
  answer.space = std::move(space);
  answer.generation = state.generation == nullptr ? "" : state.generation->info.id;
  answer.sequence = sequence;
  answer.items.reserve(entities.size());
  const EntityTable& table = kind == EntityKind::kItem ? *state.items : *state.users;
  for (const models::ScoredId& scored : entities) {
    ScoredEntity& row = answer.items.emplace_back();
    row.id = state.store->ids(kind).name(scored.id);
    row.rank = static_cast<std::uint32_t>(answer.items.size());
    row.score = scored.score;
    if (!with_features) continue;
    const auto entity = table.get(scored.id, now_ms);
    row.features = entity == nullptr ? Features{} : entity->features;
  }
  return answer;
}

}  // namespace tamis::engine
